import { LIMITS } from '@toolmesh/shared/contracts/execution';
import { z } from 'zod';

/** A program as a worker receives it, after its files (`file-frames.ts`); `stdin` is base64. */
export interface WorkerProgram {
  readonly language: string;
  readonly code: string;
  readonly stdin: string;
  /** Memory that the program may use beyond that of the idle worker. */
  readonly memory_bytes: number;
  /** True to keep its variables and files for the next program of this worker. */
  readonly keep: boolean;
  readonly artifact_limits: ArtifactLimits;
}

/** Bounds of the files that a worker sends. A worker has none of its own: it runs where only its code is. */
export interface ArtifactLimits {
  /** Results of the program. */
  readonly count: number;
  /** Files of all kinds: a session's worker sends those of its workspace, too. */
  readonly workspace_count: number;
  /** Of all files together. */
  readonly bytes: number;
  readonly path_chars: number;
}

const MIB = 1_024 ** 2;

export const ARTIFACT_LIMITS: ArtifactLimits = {
  count: LIMITS.artifacts,
  workspace_count: 10_000,
  bytes: 256 * MIB,
  path_chars: 1_024,
};

const TEXT_LIMIT = 256 * 1_024;
const text = z.string().max(TEXT_LIMIT);

/**
 * The end of a program, as its worker reports it. A hostile program may forge its own report, so every field is
 * bounded here and nothing in it is trusted beyond what concerns the program itself.
 */
export const Report = z.object({
  result: text.nullable(),
  error: z.object({ type: z.string().max(200), message: text, traceback: text }).nullable(),
  exit_code: z.int().min(0).max(255).nullable(),
  /** For an end that a native program would have met by a signal. */
  signal: z
    .string()
    .regex(/^SIG[A-Z0-9]{2,8}$/)
    .nullable(),
  out_of_memory: z.boolean(),
  artifacts_truncated: z.boolean(),
  cpu_ms: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  /** True when the program has left nothing that a later one of its session could continue with. */
  over: z.boolean().optional(),
  /** True when its process had to be ended, and another one has begun for the session: files are there, variables are not. */
  restarted: z.boolean().optional(),
  /** Files of the workspace that are no longer there. */
  removed: z.array(z.string().max(ARTIFACT_LIMITS.path_chars)).max(ARTIFACT_LIMITS.workspace_count).optional(),
  /** Set where the worker can measure it better than the service, which samples from outside. */
  peak_memory_bytes: z.number().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
});
export type Report = z.output<typeof Report>;

/** The first message of a worker: it is warm. */
export const Ready = z.object({
  version: z.string().max(100),
  /** True when it takes a frame `interrupt` while a program runs, and then reports. */
  can_interrupt: z.boolean().optional(),
});
export type Ready = z.output<typeof Ready>;
