// `npm run bench:hub`: what the hub adds to an MCP call, beside a bare proxy hop in the same run.
// The servers have one core, the load another. Figures are medians of rounds in which all targets take turns.
import { readFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { median, ms, percentile, print } from './figures.ts';
import { machine, startServer, stopServers, takeSecondCore } from './servers.ts';

const ROUNDS = 5;
const SECONDS = Number(process.argv[2] ?? 3);
const CONNECTIONS = 8;
const UPSTREAMS = 20;
const TOOLS = 500;
const ABANDONED = Number(process.argv[3] ?? 2_000);

/** A steady rate below what one core can do: at full load a latency says mostly how long the queue is. */
const RATE = 400;
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

takeSecondCore();
try {
  print(`${machine()}; medians of ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`);
  await benchCalls();
  await benchLists();
} finally {
  stopServers();
}
process.exit(0);

/** One call after the other on each of the connections: the latency of a call is what its caller waits. */
async function benchCalls(): Promise<void> {
  const upstream = await startServer('bench/floors.ts', {}, ['tools', '1']);
  const hub = await startHub({ one: { url: `${upstream.url}/mcp` } });
  const proxy = await startServer('bench/floors.ts', {}, ['proxy', upstream.url]);
  const targets = { direct: upstream.url, proxy: proxy.url, hub: hub.url };
  const found: Found = { direct: [], proxy: [], hub: [] };
  for (const url of Object.values(targets)) await load(url, 1);
  const cpu = { ms: 0, calls: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of ['direct', 'proxy', 'hub'] as const) {
      const before = cpuMs(hub.pid);
      const figures = await load(targets[name], SECONDS);
      found[name].push(figures);
      if (name === 'hub') {
        cpu.ms += cpuMs(hub.pid) - before;
        cpu.calls += figures.rate * SECONDS;
      }
    }
  }
  report('mcp tools/call, 2026-07-28, each caller waiting for its answer', found);
  const perCore = Math.round(cpu.calls / (cpu.ms / 1_000));
  print(
    `  the hub itself spends ${ms(cpu.ms / cpu.calls)} of processor time on a call: ${perCore} calls a second and core`,
  );

  const paced: Found = { direct: [], proxy: [], hub: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of ['direct', 'proxy', 'hub'] as const) paced[name].push(await steady(targets[name], SECONDS));
  }
  report(`the same at an even ${RATE} calls a second`, paced);
  await benchMemory(hub);
  stopServers();
}

type Found = Record<'direct' | 'proxy' | 'hub', Figures[]>;

function report(title: string, found: Found): void {
  const figure = (name: keyof Found, key: keyof Figures) => median(found[name].map((each) => each[key]));
  print(`\n${title}`);
  for (const [name, label] of [
    ['direct', 'at the server'],
    ['proxy', 'through a bare undici hop (floor)'],
    ['hub', 'through the hub'],
  ] as const) {
    const rate = String(Math.round(figure(name, 'rate'))).padStart(6);
    print(`  ${label.padEnd(36)} p50 ${ms(figure(name, 'p50'))}  p99 ${ms(figure(name, 'p99'))}  ${rate}/s`);
  }
  const added = (name: 'proxy' | 'hub', key: 'p50' | 'p99') => figure(name, key) - figure('direct', key);
  const ratio = (added('hub', 'p50') / added('proxy', 'p50')).toFixed(1);
  print(`  the bare hop adds ${ms(added('proxy', 'p50'))} p50, ${ms(added('proxy', 'p99'))} p99`);
  print(`  the hub adds      ${ms(added('hub', 'p50'))} p50, ${ms(added('hub', 'p99'))} p99: ${ratio} x the bare hop`);
}

/** Streams that are left before their end must leave nothing behind. */
async function benchMemory(hub: { url: string; pid: number }): Promise<void> {
  await abandon(hub.url, ABANDONED / 4);
  const before = await settledRss(hub.pid);
  await abandon(hub.url, ABANDONED);
  const after = await settledRss(hub.pid);
  print(`\n${ABANDONED} abandoned streams: ${mib(before)} MiB before, ${mib(after)} MiB after`);
}

async function benchLists(): Promise<void> {
  const entries: Record<string, object> = {};
  const upstream = await startServer('bench/floors.ts', {}, ['tools', String(TOOLS / UPSTREAMS)]);
  for (let i = 0; i < UPSTREAMS; i += 1) entries[`u${i}`] = { url: `${upstream.url}/mcp`, prefix: `u${i}_` };
  const hub = await startHub(entries);
  const times: number[] = [];
  const pool = new Pool(hub.url, { connections: 1 });
  for (let i = 0; i < 220; i += 1) {
    const started = performance.now();
    const text = await rpc(pool, 'tools/list', {});
    if (i >= 20) times.push(performance.now() - started);
    if (i === 0) print(`\ntools/list with ${JSON.parse(text).result.tools.length} tools of ${UPSTREAMS} upstreams`);
    await sleep(2);
  }
  print(`  p50 ${ms(percentile(times, 50))}  p95 ${ms(percentile(times, 95))}`);
}

interface Figures {
  readonly p50: number;
  readonly p99: number;
  /** Answers a second. */
  readonly rate: number;
}

async function load(url: string, seconds: number): Promise<Figures> {
  const pool = new Pool(url, { connections: CONNECTIONS });
  const times: number[] = [];
  const started = performance.now();
  const until = started + seconds * 1_000;
  const worker = async () => {
    while (performance.now() < until) {
      const sent = performance.now();
      await rpc(pool, 'tools/call', { name: 'tool_0', arguments: { text: 'hello' } });
      times.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const rate = times.length / ((performance.now() - started) / 1_000);
  await pool.close();
  return { p50: percentile(times, 50), p99: percentile(times, 99), rate };
}

/** Sends at an even pace, whether or not earlier answers have come. */
async function steady(url: string, seconds: number): Promise<Figures> {
  const pool = new Pool(url, { connections: CONNECTIONS });
  const times: number[] = [];
  const answers: Promise<void>[] = [];
  const one = async () => {
    const sent = performance.now();
    await rpc(pool, 'tools/call', { name: 'tool_0', arguments: { text: 'hello' } });
    times.push(performance.now() - sent);
  };
  const started = performance.now();
  while (answers.length < RATE * seconds) {
    const due = Math.min(RATE * seconds, Math.floor(((performance.now() - started) * RATE) / 1_000));
    while (answers.length < due) answers.push(one());
    await sleep(1);
  }
  await Promise.all(answers);
  await pool.close();
  return { p50: percentile(times, 50), p99: percentile(times, 99), rate: RATE };
}

async function rpc(pool: Pool, method: string, params: { name?: string; arguments?: object }): Promise<string> {
  const answer = await pool.request({
    method: 'POST',
    path: '/mcp',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
  });
  const text = await answer.body.text();
  if (!text.includes('"result"')) throw new Error(`${method} was answered with ${answer.statusCode}: ${text}`);
  return text;
}

/** Starts calls that take long, as streams, and leaves them. */
async function abandon(url: string, count: number): Promise<void> {
  const pool = new Pool(url, { connections: 64 });
  const one = async () => {
    const gone = new AbortController();
    const sent = pool.request({
      method: 'POST',
      path: '/tools/tool_0/stream',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ arguments: { text: 'hello', ms: 10_000 } }),
      signal: gone.signal,
    });
    setTimeout(() => gone.abort(), 20);
    await sent.then(
      ({ body }) => body.text(),
      () => {},
    );
  };
  for (let left = count; left > 0; left -= 32) await Promise.allSettled(Array.from({ length: 32 }, one));
  await pool.destroy();
}

/** Processor time of a process so far, in milliseconds (proc_pid_stat(5), utime and stime, in ticks of 10 ms). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory in bytes, once the collector has had time. */
async function settledRss(pid: number): Promise<number> {
  const seen: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    await sleep(300);
    seen.push(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024);
  }
  return Math.min(...seen);
}

function mib(bytes: number): string {
  return (bytes / 1_024 ** 2).toFixed(1);
}

function startHub(mcpServers: object) {
  const mesh = join(mkdtempSync(join(tmpdir(), 'bench-')), 'mesh.json');
  writeFileSync(mesh, JSON.stringify({ mcpServers }));
  return startServer('services/mcp-server/src/main.ts', { PORT: '0', MESH_CONFIG: mesh, LOG_LEVEL: 'info' });
}
