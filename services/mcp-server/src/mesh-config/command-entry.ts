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

/** The processes of a command. Default: the settings of the hub. */
const Workers = z.strictObject({
  /** At least and at most so many for calls without a session. */
  min: z.int().min(0).max(256).optional(),
  max: z.int().min(1).max(256).optional(),
  /** At most so many that serve one session each; 0: sessions share the processes of all. */
  sessions: z.int().min(0).max(1_000).optional(),
  /** Idle time after which the process of a session ends, with what it kept. */
  session_idle_ms: z.int().min(1_000).max(86_400_000).optional(),
});

/** Reads a number of workers as a minimum and maximum. */
const exactly = (value: unknown): unknown =>
  typeof value === 'number' ? { min: value, max: value, sessions: 0 } : value;

/** Keys of an MCP server over standard input and output. */
export const CommandKeys = {
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
  sandbox: Sandbox.prefault({}),
  /** Processes. A number: exactly so many, for everybody. */
  workers: z.preprocess(exactly, Workers).prefault({}),
  /** True if no call depends on the ones before: sessions then share the processes of all. */
  stateless: z.boolean().default(false),
  ...CommonKeys,
};

/** An MCP server over standard input and output, as a pool of processes. */
export const CommandEntry = z
  .strictObject(CommandKeys)
  .refine(({ workers: { min = 0, max = Infinity } }) => min <= max, { path: ['workers'], error: 'min is above max' })
  .transform((config) => ({ kind: 'command' as const, ...config }));
export type CommandConfig = z.output<typeof CommandEntry>;
