import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectionLimits } from '../../kit/http/connection-limits.ts';
import { endWithTest } from '../../test-kit/end-with-test.ts';
import { request } from '../../test-kit/requests.ts';
import { serveTools } from '../../test-kit/serve-tools.ts';
import { INHERITED_ENV } from '../../test-kit/test-env.ts';
import { until } from '../../test-kit/waiting.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Opens connections that begin a request and never end it, and counts those that the server has closed. */
async function openHalf(port: number, count: number, text = 'GET /health HTTP/1.1\r\nHost: loc') {
  const found = { closed: 0 };
  const opened = Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    // A socket that is not read does not see its end.
    socket.resume();
    socket.once('close', () => (found.closed += 1));
    socket.write(text);
    return once(socket, 'connect').catch(() => {});
  });
  await Promise.all(opened);
  return found;
}
const isServed = async (url: string): Promise<boolean> =>
  (await request(`${url}/health`).catch(() => ({ status: 0 }))).status === 200;

describe('connections that say nothing', () => {
  test('make room for others, the oldest first, and are logged once', async () => {
    const limits = { max: 64, maxHalfOpen: 32, maxHalfOpenPerAddress: 16 };
    const { url, port, lines } = endWithTest(await serveTools([], {}, { limits }));
    const first = await openHalf(port, 40);
    await sleep(1_100);
    // Each newcomer costs old ones, until no more than a quarter of all is without a request.
    await openHalf(port, 1);
    await until(() => first.closed >= 24);
    for (let i = 0; i < 20; i += 1) expect(await isServed(url)).toBe(true);
    expect(lines.filter((line) => line.includes('too many connections'))).toHaveLength(1);
  });

  test('beyond all limits are turned away, and the service recovers', async () => {
    const limits = { max: 16, maxHalfOpen: 8, maxHalfOpenPerAddress: 8 };
    const { url, port, lines } = endWithTest(await serveTools([], {}, { limits }));
    const many = await openHalf(port, 100);
    await until(() => many.closed >= 84);
    await until(() => isServed(url));
    expect(lines.filter((line) => line.includes('too many connections'))).toHaveLength(1);
  });

  test.each([
    ['in the middle of a head', 'POST /tools HTTP/1.1\r\nHost: localhost\r\nContent-'],
    ['before a single byte', ''],
  ])('%s are closed in time, however few they are', async (_name, text) => {
    const { port } = endWithTest(await serveTools([], {}, { headMs: 300 }));
    const silent = await openHalf(port, 5, text);
    await until(() => silent.closed === 5);
    expect(silent.closed).toBe(5);
  });
});

test('a process gets as many connections as it may open files, less those that it needs itself', () => {
  expect(connectionLimits(1_000, 40).max).toBe(40);
  expect(connectionLimits(1_000, 100_000)).toEqual({ max: 1_000, maxHalfOpen: 500, maxHalfOpenPerAddress: 250 });
  expect(connectionLimits(1_000, -5).max).toBe(1);
});

describe('a service with 64 open files', () => {
  let child: ChildProcess | undefined;
  afterEach(() => void child?.kill('SIGKILL'));

  test('survives 100 connections, says so once, and serves on', async () => {
    const main = fileURLToPath(new URL('../../../services/time-client/src/main.ts', import.meta.url));
    const started = spawn('/bin/sh', ['-c', 'ulimit -n 64 && exec "$0" "$@"', process.execPath, main], {
      env: { ...INHERITED_ENV, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = started;
    const log: Record<string, unknown>[] = [];
    createInterface(started.stdout).on('line', (line) => log.push(JSON.parse(line)));
    await until(() => log.some(({ message }) => message === 'listening'));
    const url = String(log.find(({ message }) => message === 'listening')?.['url']);

    const many = await openHalf(Number(new URL(url).port), 100, '');
    await until(() => many.closed > 60);
    // The last of them may still be on their way when the first request is served.
    let inARow = 0;
    await until(async () => {
      inARow = (await isServed(url)) ? inARow + 1 : 0;
      return inARow === 20;
    });
    expect(log.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: expect.stringContaining('too many connections') },
    ]);
  });
});
