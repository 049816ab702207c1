import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { z } from 'zod';
import type { BuildEvent } from './build-state.ts';

const BUILD = fileURLToPath(new URL('../commands/build-base-layer.ts', import.meta.url));

/** Programs of the sandbox come first: whoever does not need the libraries shall not notice. */
const NICE = 19;

const Line = z.union([
  z.object({ percent: z.number(), set: z.string().optional() }),
  z.object({ failed: z.string(), lasting: z.boolean() }),
]);

export interface BuilderOptions {
  readonly cacheDirectory: string;
  readonly python: string;
  /** The whole environment of the build: the index, the registry, the proxy, certificates. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a build in a process of its own, which ends with this one, however that ends. Returns how to stop it. */
export function startBuilder(
  { cacheDirectory, python, env }: BuilderOptions,
  onEvent: (event: BuildEvent) => void,
): () => void {
  const args = ['--no-warnings', BUILD, '--child', cacheDirectory, python];
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let failure: BuildEvent | undefined;
  let stderr = '';
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-2_000);
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = Line.safeParse(parseJson(text));
    if (!line.success) return;
    if ('failed' in line.data) failure = { type: 'failed', reason: line.data.failed, isLasting: line.data.lasting };
    else onEvent({ type: 'progress', percent: line.data.percent, set: line.data.set });
  });
  child.once('spawn', () => {
    if (child.pid !== undefined) lower(child.pid);
  });
  child.once('error', (error) => onEvent({ type: 'failed', reason: error.message, isLasting: false }));
  child.once('close', (code, signal) => {
    if (code === 0) return onEvent({ type: 'complete' });
    const reason = `the build ended by ${signal ?? `exit code ${code}`} ${/^\w*Error: .*$/m.exec(stderr)?.[0] ?? ''}`;
    onEvent(failure ?? { type: 'failed', reason: reason.trim(), isLasting: false });
  });
  return () => {
    child.removeAllListeners();
    child.stdin.destroy();
    child.kill();
  };
}

function lower(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // It has ended already.
  }
}
