// JavaScript and TypeScript in the sandbox beside `node -e 0`, for `npm run bench:sandbox`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, ms, print } from './figures.ts';
import { cpuMicroseconds } from './processes.ts';

const PROGRAMS = {
  'JavaScript 1 + 1, warm': { code: '1 + 1', language: 'javascript' },
  'JavaScript console.log, warm': { code: 'console.log(1)', language: 'javascript' },
  'JavaScript with import, warm': { code: 'import { join } from "node:path"; join("a", "b")', language: 'javascript' },
  'TypeScript, warm': { code: 'const n: number = 1; n + 1', language: 'typescript' },
};
const CALLS = 40;
const FIRST = 5;
/** The time in which a worker has been replaced: the runs come slower than starts. */
const PAUSE_MS = 300;
const CALLERS = 8;
const LOAD_SECONDS = 15;
/** The unit of processor times in /proc. */
const TICK_MS = 10;

/** A running sandbox. */
export interface NodeBench {
  readonly pid: number;
  call(program: object): () => Promise<{ readonly cpuMs: number }>;
  row(name: string, values: readonly number[], bare: readonly number[]): void;
}

/** Prints latencies, processor time of a run and runs a second, each beside starts of Node in the same minute. */
export async function benchNode({ pid, call, row }: NodeBench): Promise<void> {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const { times, bare } = await byTurns(call(program), startNode);
    if (name === Object.keys(PROGRAMS)[0]) row('bare node -e 0', bare, bare);
    row(name, times, bare);
  }
  const run = call(PROGRAMS['JavaScript 1 + 1, warm']);
  const [own, bare] = [await processorTime(pid, run), await bareTime()];
  print(`  processor time of a run ${ms(own)}, of node -e 0 ${ms(bare)}             ${(own / bare).toFixed(2)} x bare`);
  const starts = await rate(startNode);
  const runs = await rate(run);
  print(
    `  ${CALLERS} callers: ${runs.toFixed(1)} runs a second, ${starts.toFixed(1)} starts   ${(runs / starts).toFixed(2)} x bare`,
  );
}

async function startNode(): Promise<void> {
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'close');
}

/** A call and a bare start by turns, so that what else the machine does meets both. */
async function byTurns(call: () => Promise<unknown>, start: () => Promise<unknown>) {
  const [times, bare]: [number[], number[]] = [[], []];
  for (let i = 0; i < CALLS + FIRST; i += 1) {
    const [slow, own] = [await timed(start), await timed(call)];
    if (i < FIRST) continue;
    bare.push(slow);
    times.push(own);
  }
  return { times, bare };
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  const took = performance.now() - started;
  await sleep(PAUSE_MS / 2);
  return took;
}

/** Returns the processor time of a run: what it takes to have a worker warm, with its supervisor, and what the run takes. */
async function processorTime(pid: number, run: ReturnType<NodeBench['call']>): Promise<number> {
  const warm = new Map<number, number>();
  const runs: number[] = [];
  for (let i = 0; i < CALLS; i += 1) {
    for (const worker of workersBelow(pid)) {
      const used = cpuMicroseconds(worker) + cpuMicroseconds(parentOf(worker) ?? worker);
      if (!warm.has(worker)) warm.set(worker, used / 1_000);
    }
    runs.push((await run()).cpuMs);
    await sleep(PAUSE_MS);
  }
  return median([...warm.values()]) + median(runs);
}

const NODE_IN_JAIL = '/opt/node/bin/node\0';

function workersBelow(root: number): readonly number[] {
  const isBelow = (pid: number | undefined): boolean => pid !== undefined && (pid === root || isBelow(parentOf(pid)));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => fileOf(pid, 'cmdline').startsWith(NODE_IN_JAIL) && isBelow(pid));
}

const parentOf = (pid: number): number | undefined => {
  const parent = Number(/^PPid:\s+(\d+)/m.exec(fileOf(pid, 'status'))?.[1] ?? 0);
  return parent > 1 ? parent : undefined;
};

function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return ''; // It has ended.
  }
}

/** Returns the processor time of a start of Node. */
async function bareTime(): Promise<number> {
  const ticks = (): number => {
    const text = fileOf(process.pid, 'stat');
    const [user = 0, system = 0] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(13, 15)
      .map(Number);
    return user + system;
  };
  const before = ticks();
  for (let i = 0; i < CALLS; i += 1) await startNode();
  return ((ticks() - before) * TICK_MS) / CALLS;
}

async function rate(run: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + LOAD_SECONDS * 1_000;
  let count = 0;
  const caller = async () => {
    for (; performance.now() < end; count += 1) await run();
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return count / LOAD_SECONDS;
}
