// `npm run bench:sandbox`: what isolation costs, each figure beside a bare interpreter that is started in the same run.
// Argument: the seconds of sustained load, 60 if not given.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { Pool } from 'undici';
import { median, ms, percentile, print } from './figures.ts';
import { benchNode } from './sandbox-node.ts';
import { startSandboxPeers } from './sandbox-peers.ts';

const MAIN = new URL('../services/sandbox/src/main.ts', import.meta.url);
const LOAD_SECONDS = Number(process.argv[2] ?? 60);
const LOAD_CALLERS = 8;
const LOAD_TURNS = 5;
const MIB = 1_024 ** 2;
/** Calls that are not counted: the first ones compile the way there. */
const FIRST = 5;

const PRINT = { code: 'print(1)' };
const FRAME = { code: 'import numpy as np, pandas as pd\nprint(pd.DataFrame({"a": np.arange(3)}).a.sum())' };
const SCRIPT = { code: '1 + 1', language: 'javascript' };

/** Iterations of each measurement, for a worker that takes `warmMs` milliseconds to be warm again. */
interface Effort {
  readonly warmMs: number;
  readonly warm: number;
  readonly cold: number;
  readonly memoryRuns: number;
}

const NAMESPACES: Effort = { warmMs: 300, warm: 100, cold: 40, memoryRuns: 1_000 };
const WASM: Effort = { warmMs: 1_500, warm: 20, cold: 10, memoryRuns: 50 };

print(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`);
await benchIsolation('namespaces', NAMESPACES);
print('\nJavaScript and TypeScript in Node, one call after the other');
await withSandbox({ SANDBOX_ISOLATION: 'namespaces' }, ({ call, pid }) => benchNode({ call, pid, row }));
await benchPeers();
await benchIsolation('wasm', WASM);
process.exit(0);

/** Prints what others need for the same programs, each beside bare starts of the same minute. */
async function benchPeers(): Promise<void> {
  print('\nOthers, one call after the other');
  const peers = await startSandboxPeers();
  for (const peer of peers) {
    const { times, bare } = await measure(() => peer.run(PRINT.code), 40, 300);
    row(`print(1), ${peer.name}`, times, bare);
  }
  for (const peer of peers) peer.close();
}

async function benchIsolation(isolation: string, { warmMs, warm, cold, memoryRuns }: Effort): Promise<void> {
  print(`\nPython in ${isolation}, one call after the other`);
  await withSandbox({ SANDBOX_ISOLATION: isolation }, async ({ call }) => {
    const { times, bare } = await measure(call(PRINT), warm, warmMs);
    row('bare python3 -I -c print(1)', bare, bare);
    row('print(1), warm', times, bare);
    if (isolation === 'namespaces' && (await call(FRAME)()).status === 'success') {
      const frames = await measure(call(FRAME), 20, 2_000);
      row('with numpy and pandas, warm', frames.times, frames.bare);
    }
    const scripts = await measure(call(SCRIPT), warm, warmMs);
    row('JavaScript 1 + 1, warm', scripts.times, scripts.bare);
  });
  // With one worker at most, a call that follows at once waits for a worker that is not started yet.
  await withSandbox({ SANDBOX_ISOLATION: isolation, MIN_WORKERS: '1', MAX_WORKERS: '1' }, async ({ call }) => {
    const { times, bare } = await measureCold(call(PRINT), cold);
    row('print(1), cold', times, bare);
  });
  await withSandbox({ SANDBOX_ISOLATION: isolation }, async ({ call, rssBytes }) => {
    await sustain('print(1)', call(PRINT));
    if (isolation === 'namespaces' && (await call(FRAME)()).status === 'success') {
      await sustain('with numpy and pandas', call(FRAME));
    }
    const before = rssBytes();
    await burst(call(PRINT), memoryRuns);
    const grown = ((rssBytes() - before) / MIB).toFixed(1);
    print(`  memory of the service after ${memoryRuns} more runs    ${grown} MiB more than before`);
  });
}

function row(name: string, values: readonly number[], bare: readonly number[]): void {
  const [p50, p95, p99] = [50, 95, 99].map((percent) => percentile(values, percent));
  const figures = `p50 ${ms(p50 ?? 0)}  p95 ${ms(p95 ?? 0)}  p99 ${ms(p99 ?? 0)}`;
  print(`  ${name.padEnd(36)} ${figures}   ${((p50 ?? 0) / median(bare)).toFixed(2)} x bare`);
}

/** Starting the interpreter from Node and waiting for its end, which is what there is without a sandbox. */
async function startBare(): Promise<void> {
  const child = spawn('/usr/bin/python3', ['-I', '-c', 'print(1)'], { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.resume();
  await once(child, 'close');
}

interface Bench {
  readonly pid: number;
  call(program: object): () => Promise<Answer>;
  rssBytes(): number;
}

async function withSandbox(env: Record<string, string>, task: (bench: Bench) => Promise<void>): Promise<void> {
  const service = await startServiceProcess(MAIN, env);
  const pool = new Pool(service.url, { connections: LOAD_CALLERS });
  await until(async () => (await fetch(`${service.url}/ready`)).ok);
  await untilLibrariesAreBuilt(service.url);
  // What was started to look whether the runtimes work is gone by then.
  await sleep(1_000);
  const headers = { 'content-type': 'application/json' };
  try {
    await task({
      pid: service.pid,
      call: (program) => async () => {
        const request = { method: 'POST', path: '/execute', headers, body: JSON.stringify(program) } as const;
        const answer = await pool.request(request);
        return answerOf(await answer.body.json());
      },
      rssBytes: () =>
        Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) * 1_024,
    });
  } finally {
    await pool.close();
    await service.stop();
  }
}

/** The first start builds the libraries that every program has, for some minutes, on the processors that are measured. */
async function untilLibrariesAreBuilt(url: string): Promise<void> {
  const stateOf = ({ python_layer: layer }: { python_layer?: { state?: string } }) => layer?.state;
  while (stateOf(JSON.parse(await (await fetch(`${url}/health`)).text())) === 'building') await sleep(1_000);
}

interface Answer {
  readonly status: string;
  readonly cpuMs: number;
}

function answerOf(body: unknown): Answer {
  const { status = 'refused', cpu_ms: cpuMs = 0 }: { status?: unknown; cpu_ms?: unknown } = Object(body);
  return { status: String(status), cpuMs: Number(cpuMs) };
}

/** A call and a bare start by turns, so that what else the machine does meets both. */
async function measure(call: () => Promise<unknown>, count: number, pauseMs: number) {
  const times: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < count + FIRST; i += 1) {
    const [slow, own] = [await timed(startBare, pauseMs / 2), await timed(call, pauseMs / 2)];
    if (i < FIRST) continue;
    bare.push(slow);
    times.push(own);
  }
  return { times, bare };
}

/** Pairs of calls: the first takes the only worker, the second waits for another. */
async function measureCold(call: () => Promise<unknown>, count: number) {
  const times: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < count + FIRST; i += 1) {
    bare.push(await timed(startBare, 50));
    await call();
    times.push(await timed(call, 50));
  }
  return { times: times.slice(FIRST), bare: bare.slice(FIRST) };
}

async function timed(action: () => Promise<unknown>, pauseMs: number): Promise<number> {
  const started = performance.now();
  await action();
  const took = performance.now() - started;
  await sleep(pauseMs);
  return took;
}

/** Runs a program and starts bare interpreters by turns, each in a closed loop, so that what else the machine does meets both. */
async function sustain(name: string, call: () => Promise<{ readonly status: string }>): Promise<void> {
  const sums = { bare: 0, runs: 0, failed: 0 };
  const seconds = LOAD_SECONDS / (2 * LOAD_TURNS);
  for (let turn = 0; turn < LOAD_TURNS; turn += 1) {
    sums.bare += (await loop(startBare, seconds)).length;
    const answers = await loop(call, seconds);
    sums.runs += answers.length;
    sums.failed += answers.filter(({ status }) => status !== 'success').length;
  }
  const [bare, runs] = [sums.bare, sums.runs].map((count) => (count / (LOAD_SECONDS / 2)).toFixed(1));
  const ratio = (sums.runs / Math.max(1, sums.bare)).toFixed(2);
  const errors = `${sums.failed} errors`;
  print(
    `  ${name}, ${LOAD_CALLERS} callers: ${runs} a second, ${errors}; bare starts: ${bare} a second   ${ratio} x bare`,
  );
}

/** Returns what came of each call of a closed loop. */
async function loop<T>(call: () => Promise<T>, seconds: number): Promise<readonly T[]> {
  const end = performance.now() + seconds * 1_000;
  const results: T[] = [];
  await callers(async () => {
    while (performance.now() < end) results.push(await call());
  });
  return results;
}

async function burst(call: () => Promise<unknown>, count: number): Promise<void> {
  let left = count;
  await callers(async () => {
    while (left-- > 0) await call();
  });
  // The workers that took the place of the last ones are warm by then.
  await sleep(2_000);
}

function callers(run: () => Promise<void>): Promise<unknown> {
  return Promise.all(Array.from({ length: LOAD_CALLERS }, run));
}
