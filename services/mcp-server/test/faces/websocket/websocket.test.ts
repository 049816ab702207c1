import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { loadConfig, serviceConfig } from '@toolmesh/shared/kit/service/config';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { createMetrics } from '@toolmesh/shared/kit/telemetry/metrics';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { createToolCatalogue } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { WebSocket, type ClientOptions } from 'ws';
import { z } from 'zod';
import { createTickets } from '../../../src/faces/websocket/tickets.ts';
import { createWebSocketFace, type WebSocketFaceOptions } from '../../../src/faces/websocket/websocket-face.ts';

/** The reasons that the tools' signals aborted with. */
const aborted: string[] = [];

const tools = [
  defineTool({
    name: 'count',
    description: 'Counts aloud.',
    input: z.object({ to: z.int() }),
    output: z.object({ counted: z.int() }),
    run: ({ to }, { progress, chunk }) => {
      for (let i = 1; i <= to; i += 1) {
        progress({ progress: i, total: to, message: `at ${i}` });
        chunk({ said: i });
      }
      return { counted: to };
    },
  }),
  defineTool({
    name: 'wait',
    description: 'Waits.',
    input: z.object({ ms: z.int() }),
    output: z.object({ waited: z.int() }),
    run: async ({ ms }, { signal }) => {
      signal.addEventListener('abort', () => aborted.push(String(signal.reason.message)));
      await sleep(ms, undefined, { signal });
      return { waited: ms };
    },
  }),
  defineTool({
    name: 'flood',
    description: 'Says much, until it is told to stop.',
    input: z.object({}),
    output: z.object({ said: z.int() }),
    run: async (_input, { signal, chunk }) => {
      signal.addEventListener('abort', () => aborted.push(String(signal.reason.message)));
      for (let said = 0; ; said += 1) {
        if (signal.aborted) return { said };
        chunk('x'.repeat(100_000));
        await sleep(1);
      }
    },
  }),
  defineTool({
    name: 'break',
    description: 'Has a bug.',
    input: z.object({}),
    output: z.object({}),
    run: () => {
      throw new Error('secret detail');
    },
  }),
];

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
  aborted.length = 0;
});

async function serve(env: Record<string, string> = {}, options: Partial<WebSocketFaceOptions> = {}) {
  const { server, url, stop } = await serveTools([]);
  const face = createWebSocketFace({
    catalogue: createToolCatalogue(tools, createMetrics()),
    config: loadConfig(serviceConfig(0, {}), env),
    logger: createLogger({ service: 'test', level: 'silent' }),
    ...options,
  });
  face.attach(server);
  stops.push(
    () => stop(0),
    () => face.stop(0),
  );
  return { face, url: url.replace('http', 'ws') };
}

type Event = Record<string, unknown> & { event: string; id: unknown };

/** A client with all events that it has received. */
async function connect(url: string, options: ClientOptions = {}, protocols: string[] = []) {
  const socket = new WebSocket(url, protocols, options);
  const received: Event[] = [];
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString())));
  await once(socket, 'open');
  stops.push(async () => socket.terminate());
  return {
    socket,
    received,
    say: (message: unknown) => socket.send(JSON.stringify(message)),
    /** The last event of a call. */
    async end(id: unknown): Promise<Event> {
      const isEnd = (event: Event) => event.id === id && (event.event === 'complete' || event.event === 'error');
      await until(() => received.some(isEnd));
      return received.find(isEnd) ?? { event: '', id };
    },
  };
}

/** The status and body with which an upgrade is refused. */
async function refusal(url: string, options: ClientOptions = {}): Promise<{ status?: number; body: unknown }> {
  const socket = new WebSocket(url, options);
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const piece of response) body += String(piece);
  return { status: response.statusCode, body: JSON.parse(body) };
}

async function opens(url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  stops.push(async () => socket.terminate());
  const answer = Promise.withResolvers<boolean>();
  socket.on('open', () => answer.resolve(true));
  socket.on('error', () => answer.resolve(false));
  return answer.promise;
}

describe('the WebSocket face', () => {
  test('runs a call and tells how it goes: started, progress, chunk, complete', async () => {
    const { url } = await serve();
    const client = await connect(`${url}/ws/tools/count`);
    client.say({ id: 'a', arguments: { to: 2 } });
    await client.end('a');
    expect(client.received).toEqual([
      { event: 'started', id: 'a' },
      { event: 'progress', id: 'a', progress: 1, total: 2, message: 'at 1' },
      { event: 'chunk', id: 'a', index: 0, data: { said: 1 } },
      { event: 'progress', id: 'a', progress: 2, total: 2, message: 'at 2' },
      { event: 'chunk', id: 'a', index: 1, data: { said: 2 } },
      {
        event: 'complete',
        id: 'a',
        status: 'success',
        result: {
          tool: 'count',
          is_error: false,
          content: [{ type: 'text', text: '{"counted":2}' }],
          structured_content: { counted: 2 },
          duration_ms: expect.any(Number),
        },
      },
    ]);
  });

  test('runs many calls on one socket, to a bound, and ends the one that it is told to', async () => {
    const { url } = await serve({}, { maxCallsPerSocket: 3 });
    const client = await connect(`${url}/ws/tools/wait`);
    for (const id of [1, 2, 3, 4]) client.say({ id, arguments: { ms: id === 1 ? 0 : 60_000 } });
    expect(await client.end(4)).toMatchObject({ event: 'error', status: 'failed', error: { code: 'rate_limited' } });
    expect(await client.end(1)).toMatchObject({ event: 'complete' });
    client.say({ id: 2, cancel: true });
    expect(await client.end(2)).toMatchObject({ event: 'error', status: 'cancelled', error: { code: 'unavailable' } });
    expect(aborted).toEqual(['The call was cancelled']);
    client.say({ id: 3, arguments: { ms: 0 } });
    expect(await client.end(3)).toMatchObject({
      error: { code: 'invalid_request', message: expect.stringMatching(/in use/) },
    });
    client.say({ id: 2, arguments: { ms: 0 } });
    await until(() => client.received.some(({ event, id }) => event === 'complete' && id === 2));
  });

  test('tells what is wrong with a call, with its id, and goes on', async () => {
    const { url } = await serve();
    const client = await connect(`${url}/ws/tools/count`);
    client.socket.send('not JSON');
    client.socket.send(`{"id":4,"arguments":{"to":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`);
    client.say({ id: 5, arguments: 'many' });
    client.say({ arguments: {} });
    client.say({ id: 6, arguments: { to: 'two' } });
    await client.end(6);
    expect(client.received.filter(({ event }) => event === 'error')).toMatchObject([
      {
        id: null,
        error: {
          code: 'invalid_request',
          message: expect.stringMatching(/expected JSON/),
          request_id: expect.any(String),
        },
      },
      { id: 4, error: { code: 'invalid_request', message: expect.stringMatching(/deeper than 64 levels/) } },
      { id: 5, error: { code: 'invalid_request' } },
      { id: null, error: { code: 'invalid_request' } },
      { id: 6, error: { code: 'invalid_arguments', details: [{ path: 'to' }], request_id: expect.any(String) } },
    ]);
    const odd = await connect(`${url}/ws/tools/coumt`);
    odd.say({ id: 1 });
    expect(await odd.end(1)).toMatchObject({
      error: { code: 'tool_not_found', details: { did_you_mean: expect.arrayContaining(['count']) } },
    });
    const broken = await connect(`${url}/ws/tools/break`);
    broken.say({ id: 1 });
    expect(await broken.end(1)).toMatchObject({ error: { code: 'internal' } });
    expect(JSON.stringify(broken.received)).not.toContain('secret detail');
  });

  test('cancels its calls when the client goes', async () => {
    const { url } = await serve();
    const client = await connect(`${url}/ws/tools/wait`);
    client.say({ id: 1, arguments: { ms: 60_000 } });
    await until(() => client.received.length === 1);
    client.socket.terminate();
    await until(() => aborted.length === 1);
    expect(aborted).toEqual(['The caller went away']);
  });

  test('cuts a client off that does not read, and cancels its calls', async () => {
    const { url } = await serve({}, { maxBacklogBytes: 1_000_000 });
    const client = await connect(`${url}/ws/tools/flood`);
    client.say({ id: 1 });
    await until(() => client.received.length > 1);
    client.socket.pause();
    await until(() => aborted.length === 1);
    expect(aborted).toEqual(['The caller does not read what it is sent']);
  });

  test('cuts a client off that does not answer pings, and no other', async () => {
    const { url } = await serve({}, { pingEveryMs: 1_000 });
    const mute = await connect(`${url}/ws/tools/wait`, { autoPong: false });
    const well = await connect(`${url}/ws/tools/wait`);
    let pings = 0;
    well.socket.on('ping', () => {
      pings += 1;
    });
    await once(mute.socket, 'close');
    const seen = pings;
    await until(() => pings > seen + 1);
    expect(well.socket.readyState).toBe(WebSocket.OPEN);
  });

  test('closes the socket of a message that is too large', async () => {
    const { url } = await serve({ MAX_BODY_BYTES: '1024' });
    const client = await connect(`${url}/ws/tools/count`);
    client.say({ id: 1, arguments: { to: 'x'.repeat(2_000) } });
    const [code] = await once(client.socket, 'close');
    expect(code).toBe(1009);
  });

  test('wants the key, in a header or in the URL', async () => {
    const { url } = await serve({ API_KEY: 'the-key' });
    const path = `${url}/ws/tools/count`;
    expect(await refusal(path)).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    expect(await refusal(`${path}?api_key=wrong`)).toMatchObject({ status: 401 });
    await connect(`${path}?api_key=the-key`);
    await connect(path, { headers: { 'x-api-key': 'the-key' } });
    await connect(path, { headers: { authorization: 'Bearer the-key' } });
  });

  test('takes the key in a subprotocol, which it does not agree on', async () => {
    const { url } = await serve({ API_KEY: 'the-key' });
    const bearer = (key: string) => `base64url.bearer.authorization.k8s.io.${Buffer.from(key).toString('base64url')}`;
    const { socket } = await connect(`${url}/ws/tools/count`, {}, [bearer('the-key'), 'toolmesh']);
    expect(socket.protocol).toBe('toolmesh');
    const refused = refusal(`${url}/ws/tools/count`, { headers: { 'sec-websocket-protocol': bearer('wrong') } });
    expect(await refused).toMatchObject({ status: 401 });
  });

  test('takes a ticket once, while it is new', async () => {
    let now = 0;
    const tickets = createTickets(() => now);
    const { url } = await serve({ API_KEY: 'the-key' }, { tickets });
    const path = (ticket: string) => `${url}/ws/tools/count?ticket=${ticket}`;
    const used = tickets.issue();
    expect(used.expires_at).toBe(new Date(30_000).toISOString());
    await connect(path(used.ticket));
    expect(await refusal(path(used.ticket))).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    const old = tickets.issue();
    now = 30_000;
    expect(await refusal(path(old.ticket))).toMatchObject({ status: 401 });
    expect(await refusal(path(''))).toMatchObject({ status: 401 });
    for (let i = 0; i < 10_000; i += 1) tickets.issue();
    expect(() => tickets.issue()).toThrow('10000 tickets are open');
  });

  test('slows down who guesses the key, and lets the right one in all the same', async () => {
    const { url } = await serve({ API_KEY: 'the-key' });
    const statuses: unknown[] = [];
    for (let i = 0; i < 12; i += 1) statuses.push((await refusal(`${url}/ws/tools/count?api_key=${i}`)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    await connect(`${url}/ws/tools/count?api_key=the-key`);
  });

  test('bounds how many sockets one address has open', async () => {
    const { url } = await serve({}, { maxSocketsPerAddress: 2 });
    const first = await connect(`${url}/ws/tools/count`);
    await connect(`${url}/ws/tools/count`);
    expect(await refusal(`${url}/ws/tools/count`)).toMatchObject({
      status: 429,
      body: { error: { code: 'rate_limited' } },
    });
    first.socket.close();
    await until(() => opens(`${url}/ws/tools/count`));
  });

  test('refuses foreign pages, unknown hosts and other paths, as HTTP does', async () => {
    const { url } = await serve();
    const path = `${url}/ws/tools/count`;
    expect(await refusal(path, { origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      body: {
        error: { code: 'forbidden', message: expect.stringMatching(/web origin/), request_id: expect.any(String) },
      },
    });
    expect(await refusal(path, { headers: { host: 'evil.example' } })).toMatchObject({ status: 403 });
    expect(await refusal(`${url}/ws/other`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    await connect(path, { origin: 'http://localhost:5173' });
  });

  test('bounds how many sockets are open', async () => {
    const { url } = await serve({}, { maxSockets: 1 });
    const first = await connect(`${url}/ws/tools/count`);
    expect(await refusal(`${url}/ws/tools/count`)).toMatchObject({ status: 503 });
    first.socket.close();
    await until(() => opens(`${url}/ws/tools/count`));
  });

  test('lets running calls end when it stops, and takes no more', async () => {
    const { face, url } = await serve();
    const client = await connect(`${url}/ws/tools/wait`);
    client.say({ id: 1, arguments: { ms: 300 } });
    await until(() => client.received.length === 1);
    const stopped = face.stop(30_000);
    const closed = once(client.socket, 'close');
    client.say({ id: 2, arguments: { ms: 0 } });
    expect(await refusal(`${url}/ws/tools/wait`)).toMatchObject({ status: 503 });
    expect(await client.end(2)).toMatchObject({ error: { code: 'unavailable' } });
    expect(await client.end(1)).toMatchObject({ event: 'complete' });
    expect((await closed)[0]).toBe(1001);
    await stopped;
  });

  test('keeps no service from stopping: running calls end, idle sockets are closed', async () => {
    const service = await startServiceProcess(new URL('websocket-service.ts', import.meta.url), {
      SHUTDOWN_GRACE_MS: '20000',
    });
    stops.push(() => service.stop());
    const path = `${service.url.replace('http', 'ws')}/ws/tools/wait`;
    const [busy, idle] = [await connect(path), await connect(path)];
    busy.say({ id: 1, arguments: { ms: 500 } });
    await until(() => busy.received.length === 1);
    const closed = once(idle.socket, 'close');
    service.kill('SIGTERM');
    expect(await busy.end(1)).toMatchObject({ event: 'complete', status: 'success' });
    expect((await closed)[0]).toBe(1001);
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });
});
