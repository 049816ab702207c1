import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createConnections, type HttpMethod } from '../../kit/http/connections.ts';
import { serveRaw } from '../../test-kit/raw-server.ts';
import { until } from '../../test-kit/waiting.ts';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.stop()));
});

/** A server that counts how often each request ran, and closes connections as `close` does after an answer. */
async function serve(close: (socket: Socket) => void, status = 200) {
  const runs = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = await serveRaw((req, res) => {
    sockets.add(req.socket);
    runs.set(req.url ?? '', (runs.get(req.url ?? '') ?? 0) + 1);
    req.resume();
    res.on('finish', () => close(req.socket));
    res.writeHead(status).end('done');
  });
  opened.push(server);
  const connections = createConnections({ name: 'The peer', connectMs: 5_000 });
  opened.push({ stop: () => connections.close() });
  const send = (method: HttpMethod, path: string) =>
    connections.exchange({ method, url: new URL(path, server.url), headers: {}, body: 'x'.repeat(10) }, ({ body }) =>
      body.text(),
    );
  return { send, runs, sockets };
}

describe('a write is not lost in a connection that its server closes', () => {
  test.each([0, 1, 5, 50])('%i ms after an answer', async (ms) => {
    const { send, runs } = await serve((socket) => {
      if (ms === 0) socket.destroy();
      else setTimeout(() => socket.destroy(), ms);
    });
    const pauses = [0, 0, ms, ms - 1, ms + 1];
    for (let i = 0; i < 60; i += 1) {
      expect(await send('POST', `/${i}`)).toBe('done');
      const pauseMs = pauses[i % pauses.length] ?? 0;
      if (pauseMs > 0) await sleep(pauseMs);
    }
    expect([...runs.values()]).toEqual(Array.from({ length: 60 }, () => 1));
  });

  test('after an error, without saying so', async () => {
    const { send, runs } = await serve((socket) => void setImmediate(() => socket.destroy()), 500);
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        for (let j = 0; j < 8; j += 1) expect(await send('POST', `/${i}/${j}`)).toBe('done');
      }),
    );
    expect(runs.size).toBe(64);
    expect(new Set(runs.values())).toEqual(new Set([1]));
  });

  test('while reads and writes take turns, from many callers', async () => {
    const { send, runs } = await serve((socket) => void setTimeout(() => socket.destroy(), 3));
    await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        for (let j = 0; j < 20; j += 1) {
          expect(await send(j % 2 === 0 ? 'GET' : 'POST', `/${i}/${j}`)).toBe('done');
          await sleep(j % 5);
        }
      }),
    );
    const writes = [...runs].filter(([path]) => Number(path.split('/')[2]) % 2 === 1);
    expect(new Set(writes.map(([, times]) => times))).toEqual(new Set([1]));
  });
});

test('a server that keeps connections gets many writes over few of them', async () => {
  const { send, sockets } = await serve(() => {});
  for (let i = 0; i < 5; i += 1) await send('POST', '/');
  let before = sockets.size;
  // One has to stay open for a while first.
  await until(async () => {
    before = sockets.size;
    for (let i = 0; i < 5; i += 1) await send('POST', '/');
    return sockets.size === before;
  });
  expect(sockets.size).toBe(before);
});

test('reads are sent again if a used connection ends without an answer', async () => {
  let answered = 0;
  const { send } = await serve((socket) => {
    answered += 1;
    // Closed only once the next request has been received.
    socket.prependOnceListener('data', () => socket.destroy());
  });
  expect(await send('GET', '/a')).toBe('done');
  expect(await send('GET', '/b')).toBe('done');
  expect(await send('GET', '/c')).toBe('done');
  expect(answered).toBeGreaterThanOrEqual(3);
});
