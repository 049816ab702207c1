import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createHttpClient } from '../../kit/http/client.ts';
import { createBreaker } from '../../kit/faults/resilience.ts';
import { freePort, serveRaw } from '../../test-kit/raw-server.ts';

const Answer = z.object({ ok: z.boolean() });
const timeouts = { connectMs: 5_000, idleMs: 5_000, totalMs: 10_000 };
/** For peers that keep silent: each of these would end the test's wait. */
const shortTimeouts = { connectMs: 500, idleMs: 300, totalMs: 1_000 };
const never = () => ({ signal: new AbortController().signal });

const peers: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.stop()));
});

async function clientFor(
  listener: Parameters<typeof serveRaw>[0],
  options: Partial<Parameters<typeof createHttpClient>[0]> = {},
) {
  const peer = await serveRaw(listener);
  peers.push(peer);
  return createHttpClient({ name: 'The peer', baseUrl: peer.url, timeouts, ...options });
}

describe('createHttpClient', () => {
  test('gives back an answer that is as agreed', async () => {
    const client = await clientFor((_req, res) => void res.end('{"ok":true,"more":1}'));
    expect(await client.get('/', { answer: Answer, ...never() })).toEqual({ ok: true });
  });

  const misbehaviours: [string, Parameters<typeof serveRaw>[0], string][] = [
    ['sends garbage', (_req, res) => void res.end('<html>'), 'upstream_failed'],
    ['sends another answer', (_req, res) => void res.end('{"ok":"yes"}'), 'upstream_failed'],
    ['answers 500', (_req, res) => void res.writeHead(500).end('oops'), 'upstream_failed'],
    ['hangs up at once', (req) => req.socket.destroy(), 'upstream_failed'],
    ['sends half a body', (_req, res) => halfAnswer(res), 'upstream_failed'],
    ['never answers', () => {}, 'upstream_timeout'],
    ['stalls in the middle', (_req, res) => void res.writeHead(200).write('{'), 'upstream_timeout'],
    ['trickles for ever', trickle, 'upstream_timeout'],
  ];
  test.each(misbehaviours)('a peer that %s ends in an error, in time', async (_name, listener, code) => {
    const client = await clientFor(listener, code === 'upstream_timeout' ? { timeouts: shortTimeouts } : {});
    const started = performance.now();
    await expect(client.post('/', { body: {}, answer: Answer, ...never() })).rejects.toMatchObject({
      name: 'MeshError',
      code,
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test.each<[string, Parameters<typeof serveRaw>[0]]>([
    ['refuses the request', (_req, res) => void res.writeHead(422).end('no')],
    ['answers with more than was asked for', (_req, res) => void res.end('x'.repeat(10_000))],
  ])('a peer that %s opens no breaker: that follows from the request', async (_name, listener) => {
    const breaker = createBreaker({ name: 'The peer', halfOpenAfterMs: 60_000 });
    const client = await clientFor(listener, { breaker, maxResponseBytes: 1_000 });
    for (let at = 0; at < 10; at += 1) {
      await expect(client.get('/', { answer: Answer, ...never() })).rejects.toMatchObject({ code: 'upstream_failed' });
    }
    expect(breaker.state).toBe('closed');
  });

  test('a peer that is not there cannot be reached', async () => {
    const client = createHttpClient({ name: 'The peer', baseUrl: `http://127.0.0.1:${await freePort()}`, timeouts });
    await expect(client.get('/', { answer: Answer, ...never() })).rejects.toMatchObject({
      code: 'upstream_failed',
      message: 'The peer cannot be reached',
    });
  });

  test('passes on what a peer of ours said, with its Retry-After', async () => {
    const body = JSON.stringify({ error: { code: 'unavailable', message: 'full' } });
    const client = await clientFor((_req, res) => void res.writeHead(503, { 'retry-after': '7' }).end(body));
    await expect(client.get('/', { answer: Answer, ...never() })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'full',
      retryAfterSeconds: 7,
    });
  });

  test('stops when its caller does, and closes the connection', async () => {
    const closed = Promise.withResolvers<void>();
    const caller = new AbortController();
    const client = await clientFor((req) => {
      void once(req.socket, 'close').then(() => closed.resolve());
      caller.abort(new Error('changed my mind'));
    });
    await expect(client.get('/', { answer: Answer, signal: caller.signal })).rejects.toThrow('changed my mind');
    await closed.promise;
  });

  test('lets a failing peer rest after five failures, and tries again soon', async () => {
    let calls = 0;
    let healthy = false;
    const breaker = createBreaker({ name: 'The peer', halfOpenAfterMs: 100 });
    const client = await clientFor(
      (_req, res) => {
        calls += 1;
        res.writeHead(healthy ? 200 : 500).end('{"ok":true}');
      },
      { breaker },
    );
    const call = () => client.get('/', { answer: Answer, ...never() });
    for (let i = 0; i < 5; i += 1) await expect(call()).rejects.toMatchObject({ code: 'upstream_failed' });
    await expect(call()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The peer answered with status 500, again and again; next try in 1 s',
    });
    expect(calls).toBe(5);
    expect(breaker.state).toBe('open');
    healthy = true;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await call()).toEqual({ ok: true });
    expect(breaker.state).toBe('closed');
  });

  test('does not hold refused connections against a peer: it is used as soon as it is back', async () => {
    const port = await freePort();
    const breaker = createBreaker({ name: 'The peer', halfOpenAfterMs: 60_000 });
    const client = createHttpClient({ name: 'The peer', baseUrl: `http://127.0.0.1:${port}`, timeouts, breaker });
    for (let i = 0; i < 8; i += 1)
      await expect(client.get('/', { answer: Answer, ...never() })).rejects.toThrow('cannot be reached');
    peers.push(await serveRaw((_req, res) => void res.end('{"ok":true}'), port));
    expect(await client.get('/', { answer: Answer, ...never() })).toEqual({ ok: true });
  });
});

type Response = Parameters<Parameters<typeof serveRaw>[0]>[1];

function halfAnswer(res: Response): void {
  res.writeHead(200, { 'content-length': '100' });
  res.write('{"ok":');
  setTimeout(() => res.destroy(), 50);
}

function trickle(_req: unknown, res: Response): void {
  const timer = setInterval(() => res.write(' '), 50);
  res.once('close', () => clearInterval(timer));
}
