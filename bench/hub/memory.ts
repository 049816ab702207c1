import { existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { mib, residentBytes } from '../processes.ts';
import { print } from '../figures.ts';
import { message, modernHeaders } from './clients.ts';
import type { BenchHub } from './start-hub.ts';

/** Streams that are opened and left at once. */
const TOGETHER = 32;
/** Time after which a stream is left, in milliseconds. */
const LEFT_AFTER_MS = 20;
/** A stream in which the caller's leaving ends the call; in one of 2025 it does not, and the call goes on for a while. */
const LONG_MS = 10_000;
const SHORT_MS = 300;

interface Memory {
  readonly resident: number;
  readonly heap: number;
}

/** Opens streams over REST and both eras of MCP, leaves them before their end, and prints what memory they left behind. */
export async function benchAbandonedStreams(name: string, hub: BenchHub, count: number): Promise<void> {
  await abandon(hub.url, Math.ceil(count / 5));
  const before = await collected(hub);
  await abandon(hub.url, count);
  const after = await collected(hub);
  const grown = (key: keyof Memory) => `${mib(before[key])} to ${mib(after[key])} MiB`;
  print(`  ${name.padEnd(36)} resident ${grown('resident')}, heap ${grown('heap')}`);
}

async function abandon(url: string, count: number): Promise<void> {
  const pool = new Pool(url, { connections: 64 });
  const kinds = [restStream, modernStream, sessionStream];
  for (let left = count, at = 0; left > 0; left -= TOGETHER) {
    const batch = Array.from({ length: Math.min(left, TOGETHER) }, () => {
      at += 1;
      return leave(pool, kinds[at % kinds.length] ?? restStream);
    });
    await Promise.allSettled(batch);
  }
  await pool.destroy();
  await sleep(SHORT_MS * 2);
}

interface Stream {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: object;
}

function restStream(): Stream {
  return { path: '/tools/tool_0/stream', headers: {}, body: { arguments: { text: 'hello', ms: LONG_MS } } };
}

const paramsFor = (ms: number) => ({
  name: 'tool_0',
  arguments: { text: 'hello', ms },
  _meta: { progressToken: 'p' },
});

function modernStream(): Stream {
  const params = paramsFor(LONG_MS);
  const headers = modernHeaders('tools/call', params);
  return { path: '/mcp', headers, body: message('2026-07-28', 'tools/call', params) };
}

function sessionStream(): Stream {
  const headers = { 'mcp-protocol-version': '2025-06-18' };
  return { path: '/mcp', headers, body: message('2025-06-18', 'tools/call', paramsFor(SHORT_MS)) };
}

async function leave(pool: Pool, makeStream: () => Stream): Promise<void> {
  const { path, headers, body } = makeStream();
  const gone = new AbortController();
  const accept = 'application/json, text/event-stream';
  const sent = pool.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify(body),
    signal: gone.signal,
  });
  setTimeout(() => gone.abort(), LEFT_AFTER_MS);
  await sent.then(({ body: answer }) => answer.text());
}

/** Asks the hub to collect its garbage, and returns what it then holds. */
async function collected({ pid, memoryFile }: BenchHub): Promise<Memory> {
  rmSync(memoryFile, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (let tries = 0; !existsSync(memoryFile) || readFileSync(memoryFile, 'utf8') === ''; tries += 1) {
    if (tries === 200) throw new Error('the hub did not say how much memory it uses');
    await sleep(50);
  }
  await sleep(1_000);
  return { resident: residentBytes(pid), heap: Number(readFileSync(memoryFile, 'utf8')) };
}
