import { spawn } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

export interface ProcessOptions {
  /** The whole environment: the process inherits nothing from the service. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Receives each line of output as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** The last of standard output and standard error, in the order in which they came. */
  readonly lastOutput: string;
}

const STDOUT_BYTES = 16 * 1_024 ** 2;
const REAP_MS = 5_000;
const OUTPUT_CHARS = 16 * 1_024;

/**
 * Runs a tool of ours to its end and returns its output. At its time limit, or when the caller goes away, it is killed
 * with all processes that it has started.
 * @throws MeshError upstream_timeout, what `signal` was aborted with, or the error of a program that cannot be started
 */
export async function runProcess(
  [file, ...args]: readonly [string, ...string[]],
  { env, cwd, timeoutMs, signal, onLine = () => {} }: ProcessOptions,
): Promise<ProcessEnd> {
  signal.throwIfAborted();
  // A group of its own, so that its children can be killed with it.
  const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let lastOutput = '';
  let line = '';
  const receive = (chunk: Buffer): void => {
    lastOutput = (lastOutput + chunk.toString()).slice(-OUTPUT_CHARS);
    const lines = (line + chunk.toString()).split('\n');
    line = (lines.pop() ?? '').slice(0, OUTPUT_CHARS);
    lines.forEach(onLine);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= STDOUT_BYTES) chunks.push(chunk);
    receive(chunk);
  });
  child.stderr.on('data', receive);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const late = () => new MeshError('upstream_timeout', `${file} was stopped after ${timeoutMs} ms`);
  try {
    const exitCode = await withDeadline({ signal, ms: timeoutMs, late }, () => ended);
    return { exitCode, stdout: Buffer.concat(chunks).toString(), lastOutput };
  } finally {
    killGroup(child.pid);
    // What it has started ends a moment later, and may still write until then.
    await Promise.race([ended.catch(() => {}), setTimeout(REAP_MS, undefined, { ref: false })]);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them are gone already.
  }
}
