import { z } from 'zod';

/** The id of a snapshot: 128 random bits. */
export const SnapshotId = z.string().regex(/^snap_[A-Za-z0-9_-]{22}$/, 'must be the id of a snapshot');

/** A session of `execute_code` (contract, section 5). */
export const SandboxSession = z.object({
  session_id: z.string(),
  status: z
    .enum(['running', 'idle', 'stored'])
    .describe('stored: only its files are kept; the next call begins it anew with them'),
  files: z.int().describe('Files that are kept'),
  size_bytes: z.int().describe('Their size together'),
  last_used_at: z.string().nullable(),
});
export type SandboxSession = z.output<typeof SandboxSession>;

/** The files of a session at one time. */
export const Snapshot = z.object({
  snapshot_id: SnapshotId,
  session_id: z.string(),
  files: z.int(),
  size_bytes: z.int(),
  created_at: z.string(),
});
export type Snapshot = z.output<typeof Snapshot>;

export const SnapshotList = z.object({ snapshots: z.array(Snapshot) });
export type SnapshotList = z.output<typeof SnapshotList>;
