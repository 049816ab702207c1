// `npm run bench`: what the mesh costs, each figure beside the floor that was measured in the same run.
// The servers have one core, the load another; figures are medians of rounds. Ratios say more than milliseconds.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { Pool } from 'undici';
import { portVariable, SERVICES } from '../mesh/services.ts';
import { median, ms, percentile, print } from './figures.ts';
import { hasTwoCores, machine, startServer, stopServers, takeSecondCore } from './servers.ts';

const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 8;
/** Calls that are timed one after the other. */
const CALLS = 40;
/** A steady rate below what one core can do: at full load a latency says only how long the queue is. */
const RATE = 400;

takeSecondCore();
const stops: (() => void)[] = [];

try {
  heading();
  await benchTools();
  await benchMesh();
} finally {
  stopServers();
  for (const stop of stops) stop();
}
process.exit(0);

function heading(): void {
  print(`${machine()}; medians of ${ROUNDS} rounds of ${SECONDS} s`);
}

/** Tool calls at the service and through the hub. */
async function benchTools(): Promise<void> {
  const { url: time } = await startServer('services/time-client/src/main.ts', { PORT: '0' });
  const mesh = join(mkdtempSync(join(tmpdir(), 'bench-')), 'mesh.json');
  writeFileSync(mesh, JSON.stringify({ mcpServers: { time: { url: `${time}/mcp` } } }));
  const { url: hub } = await startServer('services/mcp-server/src/main.ts', { PORT: '0', MESH_CONFIG: mesh });
  const { url: echo } = await startServer('bench/floors.ts', {}, { args: ['echo'] });
  const { url: proxy } = await startServer('bench/floors.ts', {}, { args: ['proxy', time] });

  const body = { arguments: { timezone: 'UTC' } };
  const path = '/tools/get_current_time';
  const targets = { echo: `${echo}/x`, direct: time + path, proxy: proxy + path, hub: hub + path };
  const steady = await rounds(targets, (url) => steadyLoad(url, body));
  const full = await rounds(targets, (url) => fullLoad(url, body));

  print(`\nget_current_time over REST, ${CONNECTIONS} connections`);
  const row = (name: string, of: keyof typeof targets, floor: keyof typeof targets) => {
    const rate = String(Math.round(full(of, 'rate'))).padStart(6);
    const ratio = (full(floor, 'rate') / full(of, 'rate')).toFixed(1);
    const beside = floor === 'echo' ? 'the echo' : 'the bare hop';
    const latency = `p50 ${ms(steady(of, 'p50'))}  p99 ${ms(steady(of, 'p99'))} at ${RATE}/s`;
    print(`  ${name.padEnd(34)} ${latency}   ${rate}/s at full load, ${ratio} x the time of ${beside}`);
  };
  row('Express echo (floor)', 'echo', 'echo');
  row('at the service', 'direct', 'echo');
  row('through a bare undici hop (floor)', 'proxy', 'proxy');
  row('through the hub', 'hub', 'proxy');
  const added = (figure: 'p50' | 'p99') => ms(steady('hub', figure) - steady('direct', figure));
  print(`  the hub adds ${added('p50')} p50 and ${added('p99')} p99 at ${RATE}/s`);
  stopServers();
}

/** The whole mesh, started as a newcomer starts it. */
async function benchMesh(): Promise<void> {
  const starts: number[] = [];
  let mesh = await startMesh();
  for (let i = 0; i < 3; i += 1) {
    starts.push(mesh.readyMs);
    if (i === 2) break;
    await mesh.stop();
    mesh = await startMesh();
  }
  print(`\nnpm start to the banner                ${(median(starts) / 1_000).toFixed(1)} s`);

  const bare = bareStarts();
  print('\nOne call after the other, no faster than workers warm up');
  const caller = (service: string, path: string) => {
    const pool = new Pool(mesh.url(service));
    return (body: object) => () => send(pool, path, JSON.stringify(body));
  };
  const execute = caller('sandbox', '/execute');
  const chat = caller('middleware', '/chat');
  await calls({
    name: 'JavaScript 1+1 in the sandbox',
    pauseMs: 300,
    call: execute({ code: '1+1', language: 'javascript' }),
    floor: { name: 'node -e 1+1', ms: bare.node },
  });
  await calls({
    name: 'Python print(1) in the sandbox',
    pauseMs: 900,
    call: execute({ code: 'print(1)' }),
    floor: { name: 'python3 -I -c print(1)', ms: bare.python },
  });
  const message = 'Execute: print("Hello") and tell me the time';
  await calls({ name: '/chat with demo and two tools', pauseMs: 900, call: chat({ message }) });
  await mesh.stop();
}

interface Calls {
  readonly name: string;
  readonly pauseMs: number;
  readonly call: () => Promise<void>;
  /** The same work without the mesh; `ms` is undefined where it cannot be measured. */
  readonly floor?: { readonly name: string; readonly ms: number | undefined };
}

async function calls({ name, pauseMs, call, floor }: Calls) {
  const times: number[] = [];
  for (let i = 0; i < CALLS + 3; i += 1) {
    const started = performance.now();
    await call();
    // The first ones compile the way there.
    if (i >= 3) times.push(performance.now() - started);
    await sleep(pauseMs);
  }
  const beside =
    floor?.ms === undefined
      ? ''
      : `   ${(percentile(times, 50) / floor.ms).toFixed(2)} x a bare ${floor.name}, ${ms(floor.ms)}`;
  print(`  ${name.padEnd(36)} p50 ${ms(percentile(times, 50))}  p95 ${ms(percentile(times, 95))}${beside}`);
}

/** Measures a start of the languages' own interpreters, which gives the same result without any isolation. */
function bareStarts() {
  const time = (command: string, args: string[]) => {
    const times = Array.from({ length: 20 }, () => {
      const started = performance.now();
      return spawnSync(command, args, { stdio: 'ignore' }).status === 0 ? performance.now() - started : undefined;
    }).filter((value) => value !== undefined);
    return times.length === 0 ? undefined : median(times);
  };
  return { node: time(process.execPath, ['-e', '1+1']), python: time('/usr/bin/python3', ['-I', '-c', 'print(1)']) };
}

/** Posts JSON over a connection that is kept, with as little of its own as can be. */
async function send(pool: Pool, path: string, text: string): Promise<void> {
  const answer = await pool.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body: text,
  });
  await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

interface Throughput {
  /** Answers a second. */
  readonly rate: number;
}

/** Sends at an even pace, whether or not earlier answers have come. */
async function steadyLoad(url: string, body: object): Promise<Latency> {
  const { origin, pathname: path } = new URL(url);
  const pool = new Pool(origin, { connections: CONNECTIONS });
  const text = JSON.stringify(body);
  const times: number[] = [];
  const answers: Promise<void>[] = [];
  const timed = async () => {
    const started = performance.now();
    await send(pool, path, text);
    times.push(performance.now() - started);
  };
  for (let i = 0; i < RATE; i += 1) await send(pool, path, text);
  const started = performance.now();
  for (let i = 0; i < RATE * SECONDS;) {
    const due = Math.min(RATE * SECONDS, Math.floor(((performance.now() - started) * RATE) / 1_000));
    for (; i < due; i += 1) answers.push(timed());
    await sleep(1);
  }
  await Promise.all(answers);
  await pool.close();
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
}

/** Sends the next as soon as an answer has come, on all connections. */
async function fullLoad(url: string, body: object): Promise<Throughput> {
  const headers = { 'content-type': 'application/json' };
  const request = { url, method: 'POST', headers, body: JSON.stringify(body) } as const;
  const { non2xx, errors, requests } = await autocannon({ ...request, connections: CONNECTIONS, duration: SECONDS });
  if (non2xx > 0 || errors > 0) throw new Error(`${url}: ${non2xx} refusals, ${errors} errors`);
  return { rate: requests.average };
}

/** Measures all targets in turn, again and again, so that a noisy moment strikes all of them; returns the medians. */
async function rounds<Name extends string, Figures extends object>(
  targets: Record<Name, string>,
  measure: (url: string) => Promise<Figures>,
): Promise<(name: Name, figure: keyof Figures) => number> {
  const found = new Map<string, Figures[]>(Object.keys(targets).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, url] of Object.entries<string>(targets)) found.get(name)?.push(await measure(url));
  }
  return (name, figure) => median((found.get(name) ?? []).map((figures) => Number(figures[figure])));
}

async function startMesh() {
  const ports = new Map<string, number>();
  for (const { name } of SERVICES) ports.set(name, await freePort());
  const settings = Object.fromEntries([...ports].map(([name, port]) => [portVariable(name), String(port)]));
  const started = performance.now();
  const scripts = ['scripts/run.mjs', 'scripts/launch.ts'].map((path) =>
    fileURLToPath(new URL(`../${path}`, import.meta.url)),
  );
  const [command, ...first] = hasTwoCores ? ['taskset', '-c', '0,1', process.execPath] : [process.execPath];
  const child = spawn(command ?? process.execPath, [...first, ...scripts], {
    env: { ...process.env, ...settings, LLM_PROVIDER: 'demo' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  stops.push(() => child.kill('SIGTERM'));
  for await (const line of createInterface(child.stdout)) if (line.includes('Ctrl-C stops it')) break;
  return {
    readyMs: performance.now() - started,
    url: (service: string) => `http://127.0.0.1:${ports.get(service)}`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
