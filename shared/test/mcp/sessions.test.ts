import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createLogger } from '../../kit/telemetry/logger.ts';
import { createReplayMemory } from '../../mcp/server/sessions/replay-memory.ts';
import { createQuestions } from '../../mcp/server/sessions/questions.ts';
import { createMcpSessions } from '../../mcp/server/sessions/sessions.ts';
import { post, request } from '../../test-kit/requests.ts';
import { until } from '../../test-kit/waiting.ts';
import { BOTH, fakeService, HELLO, legacy, messagesIn, openReader, serveFace, TEXT } from './serve-face.ts';

const initialize = (revision: string) => legacy('initialize', { ...HELLO, protocolVersion: revision });

/** Serves a fake and opens a session, as a client that lists what it sends with each request. */
async function open(revision = '2025-11-25') {
  const fake = fakeService();
  const url = await serveFace(fake.service);
  const opened = await post(url, initialize(revision), { headers: BOTH });
  const id = opened.headers.get('mcp-session-id') ?? '';
  const headers = { ...BOTH, 'mcp-session-id': id, 'mcp-protocol-version': revision };
  const send = (body: unknown, more: object = {}) => post(url, body, { headers: { ...headers, ...more } });
  const stream = (body: unknown) =>
    openReader(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const listen = (lastEventId?: string) => {
    const from = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return openReader(url, { headers: { ...headers, accept: 'text/event-stream', ...from } });
  };
  return { ...fake, url, headers, opened, send, stream, listen };
}

const callHeld = legacy('tools/call', { name: 'held', _meta: { progressToken: 1 } }, 7);

describe('a session', () => {
  test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('of %s is opened and used', async (revision) => {
    const { opened, send } = await open(revision);
    expect(messagesIn(opened)[0].result).toMatchObject({
      protocolVersion: revision,
      serverInfo: { name: 'fake' },
      capabilities: { tools: { listChanged: true } },
    });
    expect((await send(legacy('tools/call', { name: 'echo' }))).body.result.content).toEqual(TEXT.content);
    expect((await send({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202);
  });

  test('speaks the newest revision with a client that offers an unknown one', async () => {
    const { opened } = await open('2023-01-01');
    expect(opened.body.result.protocolVersion).toBe('2025-11-25');
  });

  test.each([{ protocolVersion: 7 }, { protocolVersion: '2025-11-25', capabilities: { roots: 'yes' } }])(
    'is not opened by a handshake with %j',
    async (params) => {
      const { url } = await open();
      const answer = await post(url, legacy('initialize', params), { headers: BOTH });
      expect(answer.body.error.code).toBe(-32_602);
      expect(answer.headers.get('mcp-session-id')).toBeNull();
    },
  );

  test('that is unknown, or was given back, is refused with 404, so that the client begins anew', async () => {
    const { url, headers, send } = await open();
    const stranger = { ...headers, 'mcp-session-id': 'of-a-hub-before' };
    const refused = { status: 404, body: { id: 1, error: { code: -32_001 } } };
    expect(await post(url, legacy('ping'), { headers: stranger })).toMatchObject(refused);
    expect((await request(url, { headers: stranger })).status).toBe(404);
    expect((await request(url, { method: 'DELETE', headers })).status).toBe(200);
    expect(await send(legacy('ping'))).toMatchObject(refused);
    expect((await request(url, { method: 'DELETE', headers })).status).toBe(404);
    expect(
      (await post(url, initialize('2025-06-18'), { headers: stranger })).headers.get('mcp-session-id'),
    ).not.toBeNull();
  });

  test('of a revision that is not spoken is refused by its header', async () => {
    const { send } = await open();
    const answer = await send(legacy('ping'), { 'mcp-protocol-version': '1999-01-01' });
    expect(answer).toMatchObject({ status: 400, body: { id: 1, error: { code: -32_022 } } });
  });

  test('ends what is under way when it ends', async () => {
    const { url, headers, send, held, listeners } = await open();
    const answer = send(callHeld);
    await until(() => held.length === 1);
    expect(held[0]?.caller.session?.ended.aborted).toBe(false);
    await request(url, { method: 'DELETE', headers });
    await answer;
    expect(held[0]?.caller).toMatchObject({ signal: { aborted: true }, session: { ended: { aborted: true } } });
    expect(listeners.size).toBe(0);
  });

  test('answers two requests that have one id', async () => {
    const { send, held } = await open();
    const answers = [send(callHeld), send(callHeld)];
    await until(() => held.length === 2);
    held.forEach((call) => call.end(TEXT));
    for (const { body } of await Promise.all(answers)) expect(body).toEqual({ jsonrpc: '2.0', id: 7, result: TEXT });
  });

  test('lets a client cancel a request, which then gets no answer', async () => {
    const { send, held } = await open();
    const answer = send(callHeld);
    await until(() => held.length === 1);
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } };
    expect((await send(cancelled)).status).toBe(202);
    expect((await answer).status).toBe(202);
    expect(held[0]?.caller.signal.aborted).toBe(true);
  });
});

describe('the stream of a session', () => {
  test('brings changes of lists and of resources, for as long as it is open', async () => {
    const { send, listen, changeLists, watched } = await open();
    const reader = await listen();
    expect(reader.headers.get('content-type')).toContain('text/event-stream');
    changeLists();
    const next = async () => (await reader.next())?.message;
    expect(await next()).toMatchObject({ method: 'notifications/tools/list_changed' });
    expect(await next()).toMatchObject({ method: 'notifications/resources/list_changed' });
    await send(legacy('resources/subscribe', { uri: 'a:1' }));
    watched.get('a:1')?.('a:1');
    expect(await next()).toMatchObject({ method: 'notifications/resources/updated', params: { uri: 'a:1' } });
    await send(legacy('resources/unsubscribe', { uri: 'a:1' }));
    expect(watched.size).toBe(0);
    reader.leave();
  });

  test('is taken up again where it broke', async () => {
    const { listen, changeLists } = await open();
    const first = await listen();
    changeLists();
    const seen = await first.next();
    first.leave();
    changeLists();
    const second = await listen(seen?.id);
    const methods = [await second.next(), await second.next(), await second.next()].map(
      (event) => event?.message.method,
    );
    expect(methods).toEqual([
      'notifications/resources/list_changed',
      'notifications/tools/list_changed',
      'notifications/resources/list_changed',
    ]);
    // Another reader takes its place: a client may come back before the loss was noticed.
    const third = await listen();
    expect(await second.next()).toBeUndefined();
    third.leave();
  });

  test('is refused where nothing is known of the event', async () => {
    const { listen } = await open();
    for (const id of ['9-1', 'x', '0-0-0', '']) expect((await listen(id)).status).toBe(id === '' ? 200 : 400);
  });
});

describe('an answer that broke', () => {
  test('is taken up again, and its call runs on meanwhile', async () => {
    const { stream, listen, held } = await open();
    const pending = stream(callHeld);
    await until(() => held.length === 1);
    held[0]?.progress(1);
    const first = await pending;
    const seen = await first.next();
    expect(seen?.message.params).toEqual({ progress: 1, progressToken: 1 });
    first.leave();
    held[0]?.progress(2);
    await sleep(50);
    expect(held[0]?.caller.signal.aborted).toBe(false);
    const second = await listen(seen?.id);
    expect((await second.next())?.message.params).toEqual({ progress: 2, progressToken: 1 });
    held[0]?.end(TEXT);
    expect((await second.next())?.message).toEqual({ jsonrpc: '2.0', id: 7, result: TEXT });
    expect(await second.next()).toBeUndefined();
    // Whoever lost the end can have it once more.
    expect((await (await listen(seen?.id)).next())?.message.params).toEqual({ progress: 2, progressToken: 1 });
  });

  test('of a client that knows no event to come back to ends its call', async () => {
    const { url, headers, held } = await open();
    const gone = new AbortController();
    const answer = post(url, callHeld, { headers, signal: gone.signal }).catch(() => 'gone');
    await until(() => held.length === 1);
    gone.abort();
    expect(await answer).toBe('gone');
    await until(() => held[0]?.caller.signal.aborted === true);
  });

  test('names the time to come back, to clients that take events without data', async () => {
    for (const [revision, isPrimed] of [
      ['2025-11-25', true],
      ['2025-06-18', false],
    ] as const) {
      const { send, held } = await open(revision);
      const answer = send(callHeld);
      await until(() => held.length === 1);
      held[0]?.progress(1);
      held[0]?.end(TEXT);
      expect(String((await answer).body).startsWith('id: 1-1\nretry: 1000\ndata: \n\n')).toBe(isPrimed);
    }
  });
});

describe('a question to the client', () => {
  test('comes on the stream of the call that led to it, and its answer goes back', async () => {
    const { stream, send } = await open();
    const reader = await stream(legacy('tools/call', { name: 'ask' }, 3));
    const { id, ...question } = Object((await reader.next())?.message);
    expect(question).toMatchObject({ method: 'elicitation/create', params: { message: 'Name?' } });
    expect((await send({ jsonrpc: '2.0', id: 99, result: {} })).status).toBe(202);
    expect((await send({ jsonrpc: '2.0', id, result: { action: 'accept' } })).status).toBe(202);
    expect((await reader.next())?.message).toMatchObject({
      id: 3,
      result: { content: [{ text: '{"action":"accept"}' }] },
    });
  });

  test('comes on the stream of the session to those who take no stream as an answer', async () => {
    const { listen, send } = await open();
    const call = () => send(legacy('tools/call', { name: 'ask' }, 3), { accept: 'application/json' });
    expect((await call()).body.result.content[0].text).toContain('nobody to ask');
    const reader = await listen();
    const answer = call();
    const question = (await reader.next())?.message;
    await send({ jsonrpc: '2.0', id: question?.['id'], error: { code: -1, message: 'no user' } });
    expect((await answer).body).toMatchObject({ id: 3, error: { code: -1, message: 'no user' } });
    reader.leave();
  });

  test('ends with its call, and after a time without an answer, and both are told', async () => {
    const questions = createQuestions(20);
    const sent: unknown[] = [];
    const send = (text: string) => void sent.push(JSON.parse(text));
    const never = new AbortController();
    const ask = (signal: AbortSignal) => questions.ask({ method: 'roots/list', params: {} }, { signal, send });
    await expect(ask(never.signal)).rejects.toMatchObject({ code: 'upstream_timeout' });
    await expect(ask(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(sent).toMatchObject([
      { id: 1, method: 'roots/list' },
      { method: 'notifications/cancelled', params: { requestId: 1 } },
    ]);
  });

  test('has to wait while there are too many', async () => {
    const questions = createQuestions();
    const over = new AbortController();
    const ask = () => questions.ask({ method: 'roots/list', params: {} }, { signal: over.signal, send: () => {} });
    const asked = Array.from({ length: 64 }, () => ask().catch(String));
    await expect(ask()).rejects.toMatchObject({ code: -32_603, message: expect.stringContaining('64') });
    over.abort(new Error('over'));
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 64 }, () => 'Error: over'));
  });
});

describe('sessions', () => {
  const sessionsWith = (limits: { maxSessions: number; idleMs: number }) => {
    const { service } = fakeService();
    const sessions = createMcpSessions({ service, logger: createLogger({ service: 'test', level: 'silent' }) }, limits);
    const add = async () => {
      const { id = '' } = await sessions.open({ kind: 'request', id: 1, method: 'initialize', params: HELLO });
      return id;
    };
    return { sessions, add };
  };

  test('are as many as may be; one too many takes the place of the one that is idle for longest', async () => {
    const { sessions, add } = sessionsWith({ maxSessions: 2, idleMs: 600_000 });
    const ids = [await add(), await add(), await add()];
    expect(ids.map((id) => sessions.find(id) !== undefined)).toEqual([false, true, true]);
    sessions.close();
    expect(sessions.size).toBe(0);
  });

  test('are not taken from those who have a call under way', async () => {
    const { sessions, add } = sessionsWith({ maxSessions: 1, idleMs: 600_000 });
    const id = await add();
    const call = { kind: 'request', id: 2, method: 'tools/call', params: { name: 'held' } } as const;
    const running = sessions.find(id)?.peer.request(call, { signal: new AbortController().signal });
    expect(await add()).toBe('');
    expect(sessions.find(id)).toBeDefined();
    sessions.close();
    expect(await running).toBeUndefined();
  });

  test('end when they have been idle for too long', async () => {
    const { sessions, add } = sessionsWith({ maxSessions: 10, idleMs: 50 });
    const id = await add();
    await until(() => sessions.size === 0);
    expect(sessions.find(id)).toBeUndefined();
    sessions.close();
  });
});

describe('the memory of streams', () => {
  const limits = { maxEvents: 3, maxLength: 10, maxTotalLength: 16 };

  test('keeps the last events, by number and by size', () => {
    const memory = createReplayMemory(limits)();
    for (const text of ['a', 'b', 'c', 'd']) memory.add(text);
    expect(memory.after(0).map(({ text }) => text)).toEqual(['b', 'c', 'd']);
    expect(memory.after(3)).toEqual([{ place: 4, text: 'd' }]);
    memory.add('123456789');
    expect(memory.after(0)).toEqual([
      { place: 4, text: 'd' },
      { place: 5, text: '123456789' },
    ]);
    expect([memory.add('far too long for it'), memory.after(0)]).toEqual([6, []]);
  });

  test('of all streams together is bounded: the oldest stream loses its events first', () => {
    const newMemory = createReplayMemory(limits);
    const [first, second] = [newMemory(), newMemory()];
    first.add('12345678');
    second.add('12345678');
    second.add('x');
    expect([first.after(0), second.after(0).length]).toEqual([[], 2]);
    second.clear();
    first.add('12345678');
    expect(first.after(0)).toHaveLength(1);
  });
});
