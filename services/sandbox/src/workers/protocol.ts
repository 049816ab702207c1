import { LIMITS } from '@toolmesh/shared/contracts/execution';
import { z } from 'zod';

/** A program as a worker receives it; `files` and `stdin` are base64. */
export interface WorkerProgram {
  readonly language: string;
  readonly code: string;
  readonly stdin: string;
  readonly files: readonly { readonly path: string; readonly data: string }[];
  /** Memory that the program may use beyond that of the idle worker. */
  readonly memory_bytes: number;
  /** True to keep its variables and files for the next program of this worker. */
  readonly keep: boolean;
  readonly artifact_limits: ArtifactLimits;
}

/** Bounds of the files that a worker reports. A worker has none of its own: it runs where only its code is. */
export interface ArtifactLimits {
  readonly count: number;
  /** Of all files together. */
  readonly bytes: number;
  readonly path_chars: number;
}

export const ARTIFACT_LIMITS: ArtifactLimits = {
  count: LIMITS.artifacts,
  bytes: LIMITS.artifactsBytes,
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
  artifacts: z
    .array(z.object({ path: z.string().min(1).max(ARTIFACT_LIMITS.path_chars), data: z.string() }))
    .max(ARTIFACT_LIMITS.count),
  artifacts_truncated: z.boolean(),
  cpu_ms: z.number().min(0),
  /** True when the program has left nothing that a later one of its session could continue with. */
  over: z.boolean().optional(),
  /** Set where the worker can measure it better than the service, which samples from outside. */
  peak_memory_bytes: z.number().min(0).optional(),
});
export type Report = z.output<typeof Report>;

/** The first message of a worker: it is warm. */
export const Ready = z.object({ version: z.string().max(100) });
export type Ready = z.output<typeof Ready>;
