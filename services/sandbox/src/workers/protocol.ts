import { z } from 'zod';

/** What a worker is told to run; `files` and `stdin` are base64. */
export interface WorkerProgram {
  readonly language: string;
  readonly code: string;
  readonly stdin: string;
  readonly files: readonly { readonly path: string; readonly data: string }[];
  /** What the program may use above what the idle worker uses. */
  readonly memory_bytes: number;
  /** Whether its variables and files are kept for the next program that this worker is told to run. */
  readonly keep: boolean;
}

const TEXT_LIMIT = 256 * 1_024;
const text = z.string().max(TEXT_LIMIT);

/**
 * How a program ended, in the words of its worker. A hostile program may forge its own report, so every field is
 * bounded here and nothing in it is believed beyond what the program may say of itself.
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
  artifacts: z.array(z.object({ path: z.string().min(1).max(1_024), data: z.string() })).max(20),
  artifacts_truncated: z.boolean(),
  cpu_ms: z.number().min(0),
  /** Whether nothing of the program is left that a later one of its session could go on with. */
  over: z.boolean().optional(),
  /** Where the worker can tell better than one who looks from outside now and then. */
  peak_memory_bytes: z.number().min(0).optional(),
});
export type Report = z.output<typeof Report>;

/** What a worker says when it is warm. */
export const Ready = z.object({ version: z.string().max(100) });
export type Ready = z.output<typeof Ready>;
