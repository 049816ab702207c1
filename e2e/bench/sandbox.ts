// `npm run bench:sandbox`: what isolation costs, each figure beside a bare interpreter that is started in the same run.
// Argument: the seconds of sustained load, 60 if not given.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService, until } from '@toolmesh/shared/testing';
import { Pool } from 'undici';
import { median, ms, percentile, print } from './figures.ts';

const MAIN = new URL('../../services/sandbox/src/main.ts', import.meta.url);
const LOAD_SECONDS = Number(process.argv[2] ?? 60);
const LOAD_CALLERS = 8;
const MEMORY_RUNS = 1_000;
const MIB = 1_024 ** 2;

const PRINT = { code: 'print(1)' };
const FRAME = { code: 'import numpy as np, pandas as pd\nprint(pd.DataFrame({"a": np.arange(3)}).a.sum())' };
const SCRIPT = { code: '1 + 1', language: 'javascript' };

print(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`);
for (const isolation of ['namespaces', 'wasm']) await benchIsolation(isolation);
process.exit(0);

async function benchIsolation(isolation: string): Promise<void> {
  print(`\nPython in ${isolation}, one call after the other`);
  const bare = await bareStarts();
  const floor = median(bare);
  row('bare python3 -I -c print(1) (floor)', bare, floor);
  await withSandbox({ SANDBOX_ISOLATION: isolation }, async ({ call }) => {
    row('print(1), warm', await times(call(PRINT), 100, 300), floor);
    if (isolation === 'namespaces' && (await call(FRAME)()).status === 'success') {
      row('with numpy and pandas, warm', await times(call(FRAME), 12, 3_000), floor);
    }
    row('JavaScript 1 + 1, warm', await times(call(SCRIPT), 100, 300), floor);
  });
  // With one worker at most, a call that follows at once waits for a worker that is not started yet.
  await withSandbox({ SANDBOX_ISOLATION: isolation, MIN_WORKERS: '1', MAX_WORKERS: '1' }, async ({ call }) => {
    row('print(1), cold', await times(call(PRINT), 30, 0), floor);
  });
  await withSandbox({ SANDBOX_ISOLATION: isolation }, async ({ call, rssBytes }) => {
    await sustain(call(PRINT));
    const before = rssBytes();
    await burst(call(PRINT), MEMORY_RUNS);
    const grown = ((rssBytes() - before) / MIB).toFixed(1);
    print(`  memory of the service after ${MEMORY_RUNS} more runs    ${grown} MiB more than before`);
  });
}

function row(name: string, values: readonly number[], floor: number): void {
  const [p50, p95, p99] = [50, 95, 99].map((percent) => percentile(values, percent));
  const figures = `p50 ${ms(p50 ?? 0)}  p95 ${ms(p95 ?? 0)}  p99 ${ms(p99 ?? 0)}`;
  print(`  ${name.padEnd(36)} ${figures}   ${((p50 ?? 0) / floor).toFixed(2)} x bare`);
}

/** Starting the interpreter from Node and waiting for its end, which is what there is without a sandbox. */
async function bareStarts(): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < 50; i += 1) {
    const started = performance.now();
    const child = spawn('/usr/bin/python3', ['-I', '-c', 'print(1)'], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.resume();
    await once(child, 'close');
    found.push(performance.now() - started);
    await sleep(50);
  }
  return found;
}

interface Bench {
  call(program: object): () => Promise<{ readonly status: string }>;
  rssBytes(): number;
}

async function withSandbox(env: Record<string, string>, task: (bench: Bench) => Promise<void>): Promise<void> {
  const service = await startService(MAIN, env);
  const pool = new Pool(service.url, { connections: LOAD_CALLERS });
  await until(async () => (await fetch(`${service.url}/ready`)).ok);
  // What was started to look whether the runtimes work is gone by then.
  await sleep(1_000);
  const headers = { 'content-type': 'application/json' };
  try {
    await task({
      call: (program) => async () => {
        const request = { method: 'POST', path: '/execute', headers, body: JSON.stringify(program) } as const;
        const answer = await pool.request(request);
        return statusOf(await answer.body.json());
      },
      rssBytes: () =>
        Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) * 1_024,
    });
  } finally {
    await pool.close();
    await service.stop();
  }
}

function statusOf(answer: unknown): { readonly status: string } {
  const status =
    typeof answer === 'object' && answer !== null && 'status' in answer ? String(answer.status) : 'refused';
  return { status };
}

async function times(call: () => Promise<unknown>, count: number, pauseMs: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let i = 0; i < count + 5; i += 1) {
    const started = performance.now();
    await call();
    // The first ones compile the way there.
    if (i >= 5) found.push(performance.now() - started);
    await sleep(pauseMs);
  }
  return found;
}

async function sustain(call: () => Promise<{ readonly status: string }>): Promise<void> {
  const end = performance.now() + LOAD_SECONDS * 1_000;
  const statuses: string[] = [];
  await callers(async () => {
    while (performance.now() < end) statuses.push((await call()).status);
  });
  const failed = statuses.filter((status) => status !== 'success').length;
  const rate = (statuses.length / LOAD_SECONDS).toFixed(0);
  print(`  print(1), ${LOAD_CALLERS} callers for ${LOAD_SECONDS} s            ${rate} a second, ${failed} errors`);
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
