import { z } from 'zod';
import { CommonKeys } from './common-keys.ts';

/** The jail of a command: what it may see and do. Default: a jail where one can be had. */
const Sandbox = z.strictObject({
  /** True demands a jail: without one the command is not started. False runs it without. */
  enabled: z.boolean().optional(),
  /** Lets it write to its own folder and /tmp only. */
  read_only: z.boolean().default(false),
  /** Folders and files that it sees besides those in its arguments; `:ro` at the end makes one read-only. */
  folders: z.array(z.string().min(1)).default([]),
  /** False leaves it without network. */
  network: z.boolean().default(true),
});

/** Keys of an MCP server over standard input and output. */
export const CommandKeys = {
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
  sandbox: Sandbox.prefault({}),
  /** Processes: at least and at most. Default: MIN_WORKERS and MAX_WORKERS. */
  workers: z
    .strictObject({ min: z.int().min(0).max(256).optional(), max: z.int().min(1).max(256).optional() })
    .default({}),
  ...CommonKeys,
};

/** An MCP server over standard input and output, as a pool of processes. */
export const CommandEntry = z
  .strictObject(CommandKeys)
  .refine(({ workers: { min = 0, max = Infinity } }) => min <= max, { path: ['workers'], error: 'min is above max' })
  .transform((config) => ({ kind: 'command' as const, ...config }));
export type CommandConfig = z.output<typeof CommandEntry>;
