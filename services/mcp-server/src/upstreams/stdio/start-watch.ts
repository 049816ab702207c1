import { basename } from 'node:path';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { downloads } from './downloads.ts';
import { type Work, workOf } from './process-tree.ts';
import type { SpawnedProcess } from './stdio-process.ts';

export interface StartWatchOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Time without a sign of work after which a start is given up. */
  readonly idleMs: number;
  readonly logger: Logger;
  /** Pause between two looks at a start. Default 5 000. */
  readonly everyMs?: number;
  /** Pause between two lines of the log. Default 10 000. */
  readonly reportMs?: number;
}

/** Follows the starts of a command, which may take minutes. */
export interface StartWatch {
  /** Runs `start`, which is given up when nothing happens any more. `onSpawn` gets the process. */
  run<T>(
    start: (signal: AbortSignal, onSpawn: (process: SpawnedProcess) => void) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Returns the start that is under way, in words: "starting since 12 s: ...". Undefined if there is none to speak of. */
  describe(): string | undefined;
}

interface Start {
  readonly since: number;
  process: SpawnedProcess | undefined;
  work: Work | undefined;
  lastLine: string | undefined;
  workedAt: number;
}

/** A start of this length is spoken of although the one before has failed. */
const WORTH_MENTIONING_MS = 2_000;
/** Less than this is what a program does that waits. */
const SOME_WORK: Work = { cpuSeconds: 0.5, bytes: 256 * 1_024 };

export function createStartWatch(options: StartWatchOptions): StartWatch {
  const starts = new Set<Start>();
  const describe = describer(options);
  let hasFailed = false;

  return {
    async run(begin, signal) {
      const since = performance.now();
      const start: Start = { since, process: undefined, work: undefined, lastLine: undefined, workedAt: since };
      const given = new AbortController();
      const stop = follow({ ...options, describe }, start, (error) => given.abort(error));
      starts.add(start);
      try {
        const started = await begin(AbortSignal.any([signal, given.signal]), (process) => {
          start.process = process;
        });
        hasFailed = false;
        return started;
      } catch (error) {
        hasFailed = true;
        throw error;
      } finally {
        stop();
        starts.delete(start);
      }
    },
    describe() {
      const [oldest] = starts;
      if (oldest === undefined) return undefined;
      const isNew = performance.now() - oldest.since < WORTH_MENTIONING_MS;
      return hasFailed && isNew ? undefined : describe(oldest);
    },
  };
}

/** Returns what puts a start of a command into words. */
function describer({ command, args }: StartWatchOptions): (start: Start) => string {
  const program = basename(command);
  const doing = downloads(command, args) ? `${program} may be downloading packages` : `${program} runs`;
  return ({ since, process }) => {
    const last = process?.lastLines.at(-1);
    const said =
      last === undefined ? 'it has said nothing on standard error' : `its last line on standard error: ${last}`;
    const seconds = Math.round((performance.now() - since) / 1_000);
    return `starting since ${seconds} s: ${doing} and has not answered yet; ${said}`;
  };
}

interface FollowOptions extends StartWatchOptions {
  readonly describe: (start: Start) => string;
}

/** Reports on a start, and calls `giveUp` when nothing happens any more, until the returned function is called. */
function follow(options: FollowOptions, start: Start, giveUp: (error: MeshError) => void): () => void {
  const { name, idleMs, logger, everyMs = 5_000, reportMs = 10_000, describe } = options;
  let reportedAt = start.since;
  const look = (): void => {
    const now = performance.now();
    noteWork(start, now);
    if (now - reportedAt >= reportMs) {
      reportedAt = now;
      logger.warn({ upstream: name, pid: start.process?.pid, detail: describe(start) }, 'a command is still starting');
    }
    if (now - start.workedAt < idleMs) return;
    const silence = `nothing has happened for ${Math.round(idleMs / 1_000)} s`;
    giveUp(new MeshError('upstream_timeout', `The upstream ${name} is given up: ${silence}, ${describe(start)}`));
  };
  const timer = setInterval(look, everyMs);
  return () => clearInterval(timer);
}

/** Notes whether a process has done something since it was looked at last. Where the system does not tell, it has. */
function noteWork(start: Start, now: number): void {
  const { process, work: before } = start;
  if (process === undefined) return;
  const work = workOf(process.pid);
  const lastLine = process.lastLines.at(-1);
  const hasSaid = lastLine !== start.lastLine;
  start.lastLine = lastLine;
  const hasWorked =
    work === undefined ||
    before === undefined ||
    work.cpuSeconds - before.cpuSeconds >= SOME_WORK.cpuSeconds ||
    work.bytes - before.bytes >= SOME_WORK.bytes ||
    // A child has ended, and its work is not counted any more.
    work.cpuSeconds < before.cpuSeconds;
  if (hasWorked) start.work = work;
  if (hasWorked || hasSaid) start.workedAt = now;
}
