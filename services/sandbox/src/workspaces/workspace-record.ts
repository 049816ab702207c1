import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** The files of a session as they are recorded beside their contents. Names are text here and no path of the host. */
export const WorkspaceRecord = z.object({
  /** Milliseconds since 1970. */
  created_ms: z.number(),
  used_ms: z.number(),
  files: z.array(
    z.object({
      path: z.string(),
      size_bytes: z.int().min(0),
      /** Name of its content. */
      content: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
    }),
  ),
  /** The digest of the session that a snapshot is of. */
  session: z.string().optional(),
});
export type WorkspaceRecord = z.output<typeof WorkspaceRecord>;
export type WorkspaceFile = WorkspaceRecord['files'][number];

/** Name of the record in the folder of a workspace. */
export const RECORD = 'workspace.json';

export const newContentName = (): string => randomBytes(16).toString('base64url');

/** Returns the name of a session's folder: nothing that a caller has chosen is part of a path. */
export const sessionDigest = (session: string): string => createHash('sha256').update(session).digest('base64url');

export const sizeOf = ({ files }: WorkspaceRecord): number =>
  files.reduce((sum, { size_bytes }) => sum + Math.max(size_bytes, LEAST_BYTES), 0);

/** Room that even an empty file takes. */
const LEAST_BYTES = 4_096;
