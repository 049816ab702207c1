// `npm run bench:chat`: what the chat adds to the model and the tool, beside the floor that was measured in the same run.
// The services have one core; the load, and the model's server, which takes no time of its own, have the other.
// Argument: the seconds of each wave of streams, 10 if not given.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { median, ms, percentile, print } from './figures.ts';
import { startTokenServer } from './token-server.ts';

const WAVE_SECONDS = Number(process.argv[2] ?? 10);
const WAVES = 4;
const STREAMS = 200;
const TOKENS_A_SECOND = 50;
const STALL_MS = 100;
const RAMP_MS = 1_000;
const PAIRS = 300;
const MIB = 1_024 ** 2;

const stops: (() => void)[] = [];
const hasTwoCores =
  cpus().length > 1 && spawnSync('taskset', ['-a', '-p', '2', String(process.pid)], { stdio: 'ignore' }).status === 0;

try {
  await bench();
} finally {
  for (const stop of stops) stop();
}
process.exit(0);

async function bench(): Promise<void> {
  print(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`);
  const model = await startTokenServer();
  const folder = mkdtempSync(join(tmpdir(), 'bench-chat-'));
  const time = await startServer('services/time-client/src/main.ts', { PORT: '0' });
  writeFileSync(join(folder, 'mesh.json'), JSON.stringify({ mcpServers: { time: { url: `${time.url}/mcp` } } }));
  const hub = await startServer('services/mcp-server/src/main.ts', {
    PORT: '0',
    MESH_CONFIG: join(folder, 'mesh.json'),
  });
  const middleware = await startServer('services/middleware/src/main.ts', {
    PORT: '0',
    MCP_SERVER_URL: hub.url,
    LLM_PROVIDER: 'openai',
    OPENAI_API_KEY: 'none',
    OPENAI_BASE_URL: `${model.url}/v1`,
    CHAT_DATA_DIR: folder,
  });
  await benchRound(middleware.url, [time.pid, hub.pid, middleware.pid]);
  await benchFirstToken(middleware.url, model.url);
  await benchStreams(middleware, model.url);
  model.close();
}

/** One chat with one tool round, beside the call of that tool alone: in turns, so that a noisy moment strikes both. */
async function benchRound(url: string, pids: readonly number[]): Promise<void> {
  const pool = new Pool(url);
  const call = { name: 'get_current_time', parameters: { timezone: 'UTC' } };
  const chat = { message: 'What time is it?', model: 'tool' };
  const found = { tool: [] as number[], chat: [] as number[], streamed: [] as number[] };
  for (let pair = 0; pair < PAIRS + 50; pair += 1) {
    const tool = await timed(() => send(pool, '/execute', call));
    const whole = await timed(() => send(pool, '/chat', chat));
    const streamed = await timed(() => send(pool, '/chat', { ...chat, stream: true }));
    // The first ones compile the way there.
    if (pair < 50) continue;
    found.tool.push(tool);
    found.chat.push(whole);
    found.streamed.push(streamed);
  }
  const busy = async (path: string, body: object): Promise<number> => {
    const total = () => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
    const before = total();
    for (let n = 0; n < PAIRS; n += 1) await send(pool, path, body);
    return (total() - before) / PAIRS;
  };
  const [toolCpu, chatCpu] = [await busy('/execute', call), await busy('/chat', chat)];
  await pool.close();
  const floor = median(found.tool);
  print('\nA chat with one tool round, the model answering at once');
  row('the tool call alone (floor)', found.tool);
  row('POST /chat', found.chat, `${ms(median(found.chat) - floor)} more`);
  row('POST /chat, streamed', found.streamed, `${ms(median(found.streamed) - floor)} more`);
  print(`  processor time of the three services       ${ms(toolCpu)} a tool call, ${ms(chatCpu)} a chat`);
}

/** From the model's server writing its first word to its coming out at the other end. */
async function benchFirstToken(url: string, modelUrl: string): Promise<void> {
  const bare: number[] = [];
  const through: number[] = [];
  for (let n = 0; n < PAIRS + 50; n += 1) {
    const floor = await firstLag(openBare(modelUrl, 1));
    const lag = await firstLag(openChat(url, 1));
    if (n < 50) continue;
    bare.push(floor);
    through.push(lag);
  }
  print('\nThe first word, after the model’s server wrote it');
  row('read from that server (floor)', bare);
  row('POST /chat, streamed', through, `${ms(median(through) - median(bare))} more`);
}

/** Many at once: how late each word comes, and what is left of the memory after wave upon wave. */
async function benchStreams(middleware: Server, modelUrl: string): Promise<void> {
  const tokens = WAVE_SECONDS * TOKENS_A_SECOND;
  print(
    `\n${STREAMS} streams of ${TOKENS_A_SECOND} words a second each, for ${WAVE_SECONDS} s, begun within ${RAMP_MS / 1_000} s`,
  );
  report('read from the model’s server (floor)', await wave(() => openBare(modelUrl, tokens)), tokens);
  const resident: number[] = [];
  const heap: number[] = [];
  const busy: number[] = [];
  for (let n = 1; n <= WAVES; n += 1) {
    const before = cpuMs(middleware.pid);
    report(`POST /chat, wave ${n}`, await wave(() => openChat(middleware.url, tokens)), tokens);
    busy.push(cpuMs(middleware.pid) - before);
    await sleep(2_000);
    resident.push(rssBytes(middleware.pid));
    heap.push(await heapBytes(middleware.url));
  }
  const each = (median(busy) * 1_000) / (STREAMS * tokens);
  print(`  processor time of the middleware           ${each.toFixed(0)} us a word`);
  const inMib = (values: readonly number[]) => values.map((bytes) => (bytes / MIB).toFixed(0)).join(', ');
  print(`  its memory after each wave                 ${inMib(heap)} MiB of heap, ${inMib(resident)} MiB resident`);
}

interface Heard {
  /** Milliseconds from being written to being read, one for each word of each stream. */
  readonly lags: number[];
  /** The longest silence of each stream. */
  readonly gaps: number[];
}

async function wave(open: () => Stream): Promise<Heard> {
  const lags: number[] = [];
  const gaps: number[] = [];
  const streams = Array.from({ length: STREAMS }, async (_, index) => {
    // Callers do not all come at the same instant.
    await sleep((index * RAMP_MS) / STREAMS);
    const stream = open();
    let last: number | undefined;
    let longest = 0;
    await stream.each((lag) => {
      const now = performance.now();
      lags.push(lag);
      if (last !== undefined) longest = Math.max(longest, now - last);
      last = now;
    });
    gaps.push(longest);
  });
  await Promise.all(streams);
  return { lags, gaps };
}

function report(name: string, { lags, gaps }: Heard, tokens: number): void {
  const late = lags.filter((lag) => lag > STALL_MS).length;
  const missing = STREAMS * tokens - lags.length;
  const stalled = gaps.filter((gap) => gap > STALL_MS + 1_000 / TOKENS_A_SECOND).length;
  const words = `${late} words over ${STALL_MS} ms late, ${missing} missing, ${stalled} streams with a longer silence`;
  const most = lags.reduce((max, lag) => Math.max(max, lag), 0);
  print(`  ${name.padEnd(40)} p50 ${ms(median(lags))}  p99 ${ms(percentile(lags, 99))}  max ${ms(most)}   ${words}`);
}

interface Stream {
  /** Calls back with the age of each word, in milliseconds; resolves at the end of the answer. */
  each(hear: (lag: number) => void): Promise<void>;
}

function openChat(url: string, tokens: number): Stream {
  return openStream(`${url}/chat`, {
    message: 'Talk.',
    model: `tokens-${tokens}`,
    stream: true,
    tools: { include: [] },
  });
}

function openBare(url: string, tokens: number): Stream {
  const messages = [{ role: 'user' }];
  return openStream(`${url}/v1/chat/completions`, { model: `tokens-${tokens}`, stream: true, messages });
}

function openStream(url: string, body: object): Stream {
  const headers = { 'content-type': 'application/json' };
  const request: ClientRequest = httpRequest(url, { method: 'POST', headers });
  request.end(JSON.stringify(body));
  return {
    each: (hear) =>
      new Promise((resolve, reject) => {
        request.once('error', reject);
        request.once('response', (response) => {
          if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
          response.setEncoding('utf8').on('data', (text: string) => {
            const now = performance.now();
            for (const [, at] of text.matchAll(/@(\d+) /g)) hear(now - Number(at) / 1_000);
          });
          response.once('end', resolve).once('error', reject);
        });
      }),
  };
}

async function firstLag(stream: Stream): Promise<number> {
  const lags: number[] = [];
  await stream.each((lag) => void lags.push(lag));
  return lags[0] ?? Number.NaN;
}

async function timed(task: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await task();
  return performance.now() - started;
}

async function send(pool: Pool, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
}

function row(name: string, values: readonly number[], more = ''): void {
  const figures = [50, 95, 99].map((percent) => `p${percent} ${ms(percentile(values, percent))}`).join('  ');
  print(`  ${name.padEnd(40)} ${figures}   ${more}`);
}

function rssBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

async function heapBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(text)?.[1]);
}

/** Milliseconds that a process has had a processor, whatever else the machine did meanwhile. */
function cpuMs(pid: number): number {
  const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.join(') ').split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

interface Server {
  readonly url: string;
  readonly pid: number;
}

async function startServer(path: string, env: Record<string, string>): Promise<Server> {
  const script = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const [command = '', ...first] = hasTwoCores ? ['taskset', '-c', '0', process.execPath] : [process.execPath];
  const child = spawn(command, [...first, script], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stops.push(() => child.kill('SIGKILL'));
  for await (const line of createInterface(child.stdout)) {
    const { message, url } = JSON.parse(line);
    if (message === 'listening') return { url, pid: child.pid ?? 0 };
  }
  throw new Error(`${path} did not start`);
}
