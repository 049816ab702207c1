import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { askJson } from '../ask-json.ts';
import { watchHealth } from './watch-health.ts';

export interface ManagedServiceOptions {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** The address that it listens at. */
  readonly url: string;
  /** Tells the person at the terminal. */
  readonly say: (line: string) => void;
}

/** A service in a process of its own. */
export interface ManagedService {
  /** Resolves with the reason when it ends before {@link keepRunning} was called. */
  readonly failedToStart: Promise<string>;
  /** From now on a service that dies or hangs is named and started again. */
  keepRunning(): void;
  /** Asks it to stop and waits; it is killed when it takes too long. */
  stop(): Promise<void>;
  kill(): void;
}

/**
 * Keeps the heap small that a start leaves behind: V8 grows the space for young objects to 32 MiB while modules load
 * and hardly gives it back. With 2 MiB a request costs the same (docs/benchmarks.md, "Start and memory").
 */
const NODE_FLAGS = ['--max-semi-space-size=2'];

/** Longer than the grace that services give running requests when they stop. */
const STOP_MS = 12_000;
const MIN_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
/** The exit code of a service that cannot run with its settings (EX_CONFIG of sysexits.h). */
const WRONG_SETTINGS = 78;
/** A service that ran this long had started well. */
const STABLE_MS = 30_000;

export function manageService({ name, env, url, say }: ManagedServiceOptions): ManagedService {
  const main = fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url));
  const failed = Promise.withResolvers<string>();
  let isKept = false;
  let isStopping = false;
  let pauseMs = MIN_PAUSE_MS;
  let child = start();
  let stopWatching = () => {};

  function start(): ChildProcess {
    const startedAt = performance.now();
    const lastLines: string[] = [];
    // A process group of its own: Ctrl-C in the terminal is ours to pass on, once.
    const process_ = spawn(process.execPath, [...NODE_FLAGS, main], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    if (process_.stdout !== null) showLog(process_.stdout, { name, say, least: env['LOG_LEVEL'] || 'warn' });
    if (process_.stderr !== null) {
      createInterface(process_.stderr).on('line', (line) => {
        lastLines.push(line);
        lastLines.splice(0, lastLines.length - 20);
        if (isKept) say(`${name}: ${line}`);
      });
    }
    process_.once('close', (code, signal) => {
      if (isStopping) return;
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      if (!isKept) return failed.resolve(lastLines.join('\n') || `${name} ended ${how} before it was ready.`);
      const { waitMs, words } = nextStart(code, performance.now() - startedAt, pauseMs);
      say(`${name} ended ${how}; ${words}`);
      pauseMs = Math.min(MAX_PAUSE_MS, waitMs * 2);
      void sleep(waitMs).then(() => {
        if (!isStopping) child = start();
      });
    });
    return process_;
  }

  return {
    failedToStart: failed.promise,
    keepRunning: () => {
      isKept = true;
      stopWatching = endWhenHung({ name, url, say }, () => child);
    },
    async stop() {
      isStopping = true;
      stopWatching();
      if (hasEnded(child)) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const late = AbortSignal.timeout(STOP_MS);
      late.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
      await gone;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Returns the time until a service that ended is started again, and what is said of that. */
function nextStart(code: number | null, ranMs: number, pauseMs: number) {
  if (code === WRONG_SETTINGS) {
    return { waitMs: MAX_PAUSE_MS, words: `correct its settings; it is tried again in ${MAX_PAUSE_MS / 1_000} s` };
  }
  return { waitMs: ranMs > STABLE_MS ? MIN_PAUSE_MS : pauseMs, words: 'starting it again' };
}

/** Ends the process of a service that stands still, so that it is started again. Returns a function that stops this. */
const endWhenHung = (
  { name, url, say }: Pick<ManagedServiceOptions, 'name' | 'url' | 'say'>,
  current: () => ChildProcess,
): (() => void) =>
  watchHealth({
    pid: () => (hasEnded(current()) ? undefined : current().pid),
    ask: async () => 'body' in (await askJson(`${url}/health`)),
    onHung: () => {
      say(`${name} runs and has not answered its health checks for half a minute; ending it`);
      current().kill('SIGKILL');
    },
  });

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

interface LogOptions extends Pick<ManagedServiceOptions, 'name' | 'say'> {
  /** The least severe level to show. */
  readonly least: string;
}

/** Shows a service's log lines as text: warnings and worse, or what LOG_LEVEL asks for. */
function showLog(stream: Readable, { name, say, least: level }: LogOptions): void {
  const least = LEVELS.indexOf(level.toLowerCase());
  createInterface(stream).on('line', (line) => {
    const entry = parseLine(line);
    if (entry === undefined) return say(`${name}: ${line}`);
    const { level: severity, time, service: _service, message, err, ...fields } = entry;
    if (LEVELS.indexOf(String(severity)) < least) return;
    const details = Object.entries({
      ...fields,
      ...(err instanceof Object && 'message' in err ? { error: err.message } : {}),
    });
    const text = details.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    say([String(time).slice(11, 23), name, severity, message, ...text].join(' '));
  });
}

function parseLine(line: string): Record<string, unknown> | undefined {
  const parsed = parseJson(line);
  return isRecord(parsed) ? parsed : undefined;
}
