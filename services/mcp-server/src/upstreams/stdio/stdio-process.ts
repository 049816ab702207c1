import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { basicEnvironment } from './environment.ts';
import { ProcessEnd } from './process-end.ts';
import { killGroup, signalBelow } from './process-tree.ts';
import { createRedactor } from '@toolmesh/shared/kit/text/redact';
import { readFairly } from './read-fairly.ts';
import { type SkippedLine, splitLines } from '@toolmesh/shared/kit/text/split-lines';
import { MAX_LOG_LINE_BYTES, readStandardError } from './standard-error.ts';

export interface StdioCommand {
  /** A program, found in PATH or by its path. No shell reads it. */
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to {@link basicEnvironment}. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A command as it is about to be started. */
export interface StartedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The variables that are configured for it; `environment` has them and the basics. */
  readonly env: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

export interface WrappedCommand extends StartedCommand {
  /** True when it runs below processes of the jail, which end it when they are killed. */
  readonly isJailed?: true;
}

/** Puts a command into a jail. @throws MeshError that says why it cannot be had. */
export type WrapCommand = (command: StartedCommand) => Promise<WrappedCommand>;

export interface StdioProcessOptions extends StdioCommand {
  /** The upstream, as errors and the log name it. */
  readonly name: string;
  readonly logger: Logger;
  /** The hub's own environment, of which the program gets what every program needs and nothing else. */
  readonly hostEnv: NodeJS.ProcessEnv;
  /** Default: it runs as it is. */
  readonly wrap?: WrapCommand;
  /** The longest line that it may write to standard output. Default 64 MiB. */
  readonly maxLineBytes?: number;
  /** Time to end after its input has ended, and again after SIGTERM. Default 1 000. */
  readonly graceMs?: number;
  /** Receives a line that was too long. Returns whether that is forgiven; otherwise the program is ended. */
  readonly onSkipped?: (line: SkippedLine) => boolean;
  /** Called once the program runs. */
  readonly onSpawn?: (process: SpawnedProcess) => void;
  /** Receives each line of standard output. */
  readonly onLine: (line: string) => void;
}

/** A program that has just been started. */
export type SpawnedProcess = Pick<StdioProcess, 'pid' | 'gone' | 'lastLines'>;

/** A program with a line protocol over its standard input and output. */
export interface StdioProcess {
  readonly pid: number;
  /** Resolves (never rejects) with the reason when it is gone and all its output was received. */
  readonly gone: Promise<ProcessEnd>;
  /** The last lines of its standard error so far. */
  readonly lastLines: readonly string[];
  /** Writes a line. Resolves when it is on its way. @throws MeshError when the program has ended or does not read. */
  write(line: string): Promise<void>;
  /** Ends it at once, with all that it has started. */
  kill(reason: string): void;
  /** Ends its input, then asks it to stop, then ends it, with all that it has started. Resolves when it is gone. */
  close(): Promise<void>;
}

const MAX_LINE_BYTES = 64 * 1_024 ** 2;
/** Most bytes that wait for a program that does not read its input. */
const MAX_BACKLOG_BYTES = 16 * 1_024 ** 2;
/** Time for pipes to close once the program is gone: an escaped child may hold them. */
const LINGER_MS = 500;

/**
 * Starts a program in a process group of its own, so that it can be ended with all that it has started. When the hub
 * is killed, its input ends, which stops a stdio server, unless it ignores that.
 * @throws MeshError upstream_failed with the next step, when it cannot be started.
 */
export async function startStdioProcess(options: StdioProcessOptions): Promise<StdioProcess> {
  const { name, logger, graceMs = 1_000 } = options;
  const { command, args, environment, cwd, isJailed } = await wrapped(options);
  const child = spawn(command, args, {
    env: environment,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid ?? 0;
  let reason: string | undefined;
  const kill = (why: string): void => {
    reason ??= why;
    killGroup(pid, 'SIGKILL');
  };
  // Reported by `gone`; without a listener a broken pipe would be thrown.
  for (const source of [child, child.stdin, child.stdout, child.stderr]) source.on('error', () => {});
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw startError(options, error);
  }
  readOutput(child, options, kill);
  const said = readStandardError({ logger, upstream: name, pid, redact: createRedactor(options.env ?? {}) });
  readFairly(child.stderr, splitLines(MAX_LOG_LINE_BYTES, said));
  const gone = untilGone(child, pid).then(({ how, ...end }) => {
    const message = reason === undefined ? how : `${reason} (${how})`;
    return new ProcessEnd(message, { ...end, lastLines: said.lastLines });
  });
  child.stdin.once('error', () => {
    // As a rule because it has ended; one that takes no more input is of no use either.
    void isOver(gone, LINGER_MS).then((over) => over || kill('it closed its input'));
  });
  const spawned = { pid, gone, lastLines: said.lastLines };
  options.onSpawn?.(spawned);

  return {
    ...spawned,
    kill,
    async write(line) {
      if (child.stdin.writableEnded) throw new MeshError('unavailable', `${name} is shutting down`);
      if (child.stdin.writableLength > MAX_BACKLOG_BYTES) {
        throw new MeshError('upstream_failed', `${name} does not read what it is sent`);
      }
      const { promise, resolve } = Promise.withResolvers<unknown>();
      child.stdin.write(`${line}\n`, resolve);
      if (!(await promise)) return;
      // The caller gets the reason of the end, not of a pipe that broke a moment before it.
      const cause = await gone;
      throw new MeshError('upstream_failed', `The process of ${name} has ended: ${cause.message}`, { cause });
    },
    async close() {
      reason ??= 'it was closed';
      await endGently(child, { pid, gone, graceMs, isJailed: isJailed === true });
    },
  };
}

function readOutput(
  { stdout }: ChildProcessWithoutNullStreams,
  { onLine, onSkipped, maxLineBytes = MAX_LINE_BYTES }: StdioProcessOptions,
  kill: StdioProcess['kill'],
): void {
  const endless = () => kill(`it wrote a line of more than ${maxLineBytes} bytes`);
  const listener = {
    onLine,
    onTooLong: () => {},
    onSkipped: (line: SkippedLine) => void (onSkipped?.(line) === true || endless()),
    onEndless: endless,
  };
  readFairly(stdout, splitLines(maxLineBytes, listener));
}

interface Ending extends Pick<StdioProcess, 'pid' | 'gone'> {
  readonly graceMs: number;
  readonly isJailed: boolean;
}

/** Ends a program by the end of its input, then SIGTERM, then SIGKILL. */
async function endGently(
  child: ChildProcessWithoutNullStreams,
  { pid, gone, graceMs, isJailed }: Ending,
): Promise<void> {
  child.stdin.end();
  if (await isOver(gone, graceMs)) return;
  // Those that make the jail would end at once, and what is in it without a word.
  if (isJailed) signalBelow(pid, 'SIGTERM');
  else killGroup(pid, 'SIGTERM');
  if (await isOver(gone, graceMs)) return;
  killGroup(pid, 'SIGKILL');
  await isOver(gone, graceMs + LINGER_MS);
}

async function wrapped(options: StdioProcessOptions): Promise<WrappedCommand> {
  const { name, hostEnv, command, args = [], env = {}, cwd, wrap } = options;
  const started = { command, args, env, environment: basicEnvironment(hostEnv, env), cwd };
  try {
    return wrap === undefined ? started : await wrap(started);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    throw new MeshError(error.code, `${name} cannot be started: ${error.message}`, { cause: error });
  }
}

interface HowItEnded extends Pick<ProcessEnd, 'exitCode' | 'signal'> {
  readonly how: string;
}

/** Resolves when the program has ended and its output was read. */
async function untilGone(child: ChildProcessWithoutNullStreams, pid: number): Promise<HowItEnded> {
  // Not events.once: an error of a pipe is no end.
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = await new Promise<HowItEnded>((resolve) => {
    child.once('exit', (exitCode, signal) => {
      const how = signal === null ? `exited with code ${exitCode}` : `killed by ${signal}`;
      resolve({ how, exitCode, signal });
    });
  });
  // What it has started must not outlive it.
  killGroup(pid, 'SIGKILL');
  if (!(await isOver(closed, LINGER_MS))) {
    child.stdout.destroy();
    child.stderr.destroy();
  }
  return end;
}

/** Returns whether `task` ends within `ms`. */
async function isOver(task: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(ms, false, { signal: timer.signal }).catch(() => false);
  const over = await Promise.race([task.then(() => true), late]);
  timer.abort();
  return over;
}

function startError({ name, command, cwd }: StdioProcessOptions, cause: unknown): MeshError {
  const code = Error.isError(cause) && 'code' in cause ? cause.code : undefined;
  // The whole path is for the operator's file, not for callers.
  const program = basename(command);
  const fail = (why: string) => new MeshError('upstream_failed', `${name} cannot be started: ${why}`, { cause });
  if (code === 'ENOENT' && cwd !== undefined && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return fail('its "cwd" in mesh.json is not a folder; correct it');
  }
  if (code === 'ENOENT') {
    return fail(`there is no program "${program}"; install it, or correct its "command" in mesh.json`);
  }
  if (code === 'EACCES') return fail(`"${program}" may not be executed; make it executable (chmod +x)`);
  return fail(`"${program}" was refused by the system (${typeof code === 'string' ? code : 'unknown reason'})`);
}
