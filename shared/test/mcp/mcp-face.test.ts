import { describe, expect, test } from '@jest/globals';
import { post, request } from '../../test-kit/requests.ts';
import { until } from '../../test-kit/waiting.ts';
import {
  BOTH,
  ENVELOPE,
  fakeService,
  legacy,
  messagesIn,
  modern,
  openReader,
  type Params,
  serveFace,
} from './serve-face.ts';

const start = () => serveFace(fakeService().service);

describe('a call', () => {
  /** The same request in each era, as method and params. */
  const inBothEras = async (url: string, method: string, params: Params = {}) => {
    const { body, headers } = modern(method, params);
    const [old, recent] = await Promise.all([
      post(url, legacy(method, params), { headers: BOTH }),
      post(url, body, { headers }),
    ]);
    return { old: old.body, recent: recent.body };
  };

  test('is passed on as it is, with what no revision knows, and so is its result', async () => {
    const url = await start();
    const params = { name: 'echo', arguments: { deep: [null, { a: 1 }] }, vendor: true };
    const { old, recent } = await inBothEras(url, 'tools/call', { ...params, _meta: { 'com.example/own': 1 } });
    expect(old.result.structuredContent).toEqual({ ...params, _meta: { 'com.example/own': 1 } });
    expect(recent.result).toMatchObject({
      resultType: 'complete',
      structuredContent: { ...params, _meta: { 'com.example/own': 1 } },
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fake' } },
    });
  });

  test('has a result without what clients refuse, the same in both eras', async () => {
    const { old, recent } = await inBothEras(await start(), 'tools/call', { name: 'odd' });
    expect(old.result).toEqual({
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: expect.stringContaining('video') },
      ],
    });
    expect(recent.result).toMatchObject(old.result);
  });

  test('keeps ids and numbers beyond 2^53 exact', async () => {
    const url = await start();
    const body =
      '{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":"echo","arguments":{"n":9007199254740993}}}';
    const answer = await fetch(url, { method: 'POST', headers: { ...BOTH, 'content-type': 'application/json' }, body });
    const text = await answer.text();
    expect(text).toContain('"id":12345678901234567890,');
    expect(text).toContain('"n":9007199254740993');
  });

  test.each([
    ['tools/call', { name: 'nobody' }, { code: -32_602, message: 'There is no such tool' }],
    ['tools/call', {}, { code: -32_602, message: 'Invalid params: name: must be a string' }],
    ['tools/call', { name: 'echo', arguments: [] }, { code: -32_602, message: expect.stringContaining('arguments') }],
    ['tools/call', { name: 'broken' }, { code: -32_603, message: 'Internal error' }],
    [
      'tools/call',
      { name: 'refused' },
      { code: -32_042, message: 'Sign in first', data: { url: 'https://example.org' } },
    ],
    ['prompts/list', {}, { code: -32_601, message: 'Method not found: prompts/list' }],
    ['nothing/like/it', {}, { code: -32_601, message: 'Method not found: nothing/like/it' }],
  ])('that cannot be, %s %j, is refused in the same words in both eras', async (method, params, error) => {
    const { old, recent } = await inBothEras(await start(), method, params);
    expect(old).toMatchObject({ id: 1, error });
    expect(recent.error).toEqual(old.error);
  });

  test('that did not run is a result, which a model can read', async () => {
    const { old, recent } = await inBothEras(await start(), 'tools/call', { name: 'busy' });
    expect(old.result).toMatchObject({ isError: true, content: [{ text: 'unavailable: Too many calls' }] });
    expect(recent.result).toMatchObject(old.result);
  });

  test('brings structured content of every kind to 2026-07-28, and within an object to clients before', async () => {
    const url = await start();
    const { old, recent } = await inBothEras(url, 'tools/call', { name: 'list' });
    expect(recent.result.structuredContent).toEqual([1]);
    expect(old.result).toEqual({ content: [{ type: 'text', text: '[1]' }], structuredContent: { result: [1] } });
    const lists = await inBothEras(url, 'tools/list');
    const schemaIn = ({ result }: { result: { tools: { name: string }[] } }) =>
      Object(result.tools.find(({ name }) => name === 'list')).outputSchema;
    expect(schemaIn(lists.recent)).toMatchObject({ type: 'array', items: { $ref: '#/$defs/n' } });
    expect(schemaIn(lists.old)).toMatchObject({
      type: 'object',
      properties: { result: { type: 'array', items: { $ref: '#/properties/result/$defs/n' } } },
    });
  });
});

describe('the form of an answer', () => {
  const accepts = async (accept: string | undefined, { body, headers }: { body: object; headers: object }) => {
    const url = await start();
    const { accept: _both, ...rest } = { accept: '', ...headers };
    const sent = { ...rest, ...(accept === undefined ? {} : { accept }) };
    const answer = await post(url, body, { headers: sent });
    return [answer.status, answer.headers.get('content-type')?.split(';')[0], messagesIn(answer).at(-1).id];
  };

  test.each([
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['Application/JSON;q=0.9, text/html', 'application/json'],
    ['text/html', 'application/json'],
    ['', 'application/json'],
    [undefined, 'application/json'],
    ['application/json, text/event-stream', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['Text/Event-Stream; charset=utf-8', 'text/event-stream'],
  ])('is for %j %s, in both eras', async (accept, type) => {
    expect(await accepts(accept, modern('tools/call', { name: 'echo' }))).toEqual([200, type, 1]);
    expect(await accepts(accept, { body: legacy('tools/call', { name: 'echo' }), headers: {} })).toEqual([
      200,
      type,
      1,
    ]);
    expect(await accepts(accept, { body: legacy('ping'), headers: {} })).toEqual([200, type, 1]);
  });

  test('is a stream as soon as there is something to say, for those who take one', async () => {
    const { service, held } = fakeService();
    const url = await serveFace(service);
    const withToken = { name: 'held', _meta: { progressToken: 'p' } };
    for (const { body, headers } of [
      modern('tools/call', withToken),
      { body: legacy('tools/call', withToken), headers: BOTH },
    ]) {
      const answer = post(url, body, { headers });
      await until(() => held.length > 0);
      const call = held.pop();
      call?.progress(1);
      call?.end({ content: [] });
      expect(messagesIn(await answer)).toEqual([
        { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1, progressToken: 'p' } },
        expect.objectContaining({ id: 1, result: expect.objectContaining({ content: [] }) }),
      ]);
    }
    const json = post(url, legacy('tools/call', withToken), { headers: { accept: 'application/json' } });
    await until(() => held.length > 0);
    // Nobody takes it: the work of making it can be left out.
    expect(held[0]?.caller.notify).toBeUndefined();
    held[0]?.end({ content: [] });
    expect((await json).body).toMatchObject({ result: { content: [] } });
  });
});

describe('a body', () => {
  test.each([
    ['{', 400, -32_700, null],
    ['', 400, -32_600, null],
    ['7', 400, -32_700, null],
    ['{}', 400, -32_600, null],
    ['{"jsonrpc":"1.0","id":3,"method":"ping"}', 400, -32_600, 3],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32_600, null],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32_600, null],
    ['{"jsonrpc":"2.0","id":"a","method":7}', 400, -32_600, 'a'],
    ['{"jsonrpc":"2.0","id":"a","method":"ping","params":[1]}', 400, -32_600, 'a'],
    ['[]', 400, -32_600, null],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"},7]', 400, -32_600, null],
    ['[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}]', 400, -32_600, null],
  ])('%s is refused with %i and %i', async (body, status, code, id) => {
    const init = { method: 'POST', headers: { ...BOTH, 'content-type': 'application/json' }, body };
    expect(await request(await start(), init)).toMatchObject({ status, body: { jsonrpc: '2.0', id, error: { code } } });
  });

  test('of another type is refused, and so is another method of HTTP', async () => {
    const url = await start();
    const headers = { ...BOTH, 'content-type': 'text/plain' };
    const body = JSON.stringify(legacy('ping'));
    expect((await request(url, { method: 'POST', headers, body })).status).toBe(415);
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const { status, headers: sent } = await request(url, { method, headers: { accept: 'text/event-stream' } });
      expect([status, sent.get('allow')]).toEqual([405, 'GET, POST, DELETE']);
    }
  });

  test('may be a batch: its answers are an array, and what needs none gets none', async () => {
    const url = await start();
    const batch = [
      legacy('ping', {}, 'a'),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 9, result: {} },
      legacy('nothing', {}, 2),
    ];
    const { body } = await post(url, batch, { headers: BOTH });
    expect(body).toEqual([
      { jsonrpc: '2.0', id: 'a', result: {} },
      { jsonrpc: '2.0', id: 2, error: { code: -32_601, message: 'Method not found: nothing' } },
    ]);
    expect((await post(url, [legacy('ping')], { headers: BOTH })).body).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
    ]);
    expect((await post(url, batch.slice(1, 3), { headers: BOTH })).status).toBe(202);
    const many = Array.from({ length: 101 }, (_, id) => legacy('ping', {}, id));
    expect((await post(url, many, { headers: BOTH })).body.error.message).toContain('at most 100');
    const { body: recent } = modern('ping');
    expect((await post(url, [recent], { headers: BOTH })).body.error.message).toContain('its revision has no batches');
  });
});

describe('a request of 2026-07-28', () => {
  const send = async (headers: object, body: object) => {
    const { status, body: answer } = await post(await start(), body, { headers: { ...headers } });
    return { status, error: answer.error, code: answer.error?.code };
  };
  const good = modern('tools/call', { name: 'echo', arguments: {} });
  const withMeta = (meta: object) => ({ ...good.body, params: { ...good.body.params, _meta: meta } });

  test.each([
    ['no envelope', {}, { ...good.body, params: { name: 'echo' } }, -32_602],
    [
      'no capabilities',
      {},
      withMeta({ ...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': undefined }),
      -32_602,
    ],
    [
      'odd capabilities',
      {},
      withMeta({ ...ENVELOPE, 'io.modelcontextprotocol/clientCapabilities': { roots: 1 } }),
      -32_602,
    ],
    ['an odd level', {}, withMeta({ ...ENVELOPE, 'io.modelcontextprotocol/logLevel': 'loud' }), -32_602],
    ['another revision in the header', { 'mcp-protocol-version': '2025-11-25' }, good.body, -32_020],
    ['another method in the header', { 'mcp-method': 'tools/list' }, good.body, -32_020],
    ['another name in the header', { 'mcp-name': 'other' }, good.body, -32_020],
    ['a name that is no Base64', { 'mcp-name': '=?base64?%?=' }, good.body, -32_020],
    [
      'an unknown revision',
      { 'mcp-protocol-version': '2099-01-01' },
      withMeta({ ...ENVELOPE, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }),
      -32_022,
    ],
  ])('with %s is refused', async (_what, headers, body, code) => {
    expect(await send({ ...good.headers, ...headers }, body)).toMatchObject({ status: 400, code });
  });

  test.each(['mcp-protocol-version', 'mcp-method', 'mcp-name'])('without the header %s is refused', async (name) => {
    const headers = Object.fromEntries(Object.entries(good.headers).filter(([key]) => key !== name));
    expect(await send(headers, good.body)).toMatchObject({
      status: 400,
      code: -32_020,
      error: { message: expect.stringContaining(name) },
    });
  });

  test('needs the headers that the schema of its tool marks', async () => {
    const { headers, body } = modern('tools/call', { name: 'marked', arguments: { zone: 'über' } });
    expect(await send(headers, body)).toMatchObject({ status: 400, code: -32_020 });
    const zone = `=?base64?${Buffer.from('über').toString('base64')}?=`;
    expect(await send({ ...headers, 'mcp-param-zone': zone }, body)).toMatchObject({ status: 200 });
  });

  test('may have null where a client has nothing to declare', async () => {
    const capabilities = { 'io.modelcontextprotocol/clientCapabilities': { roots: null, sampling: {} } };
    expect(await send(good.headers, withMeta({ ...ENVELOPE, ...capabilities }))).toMatchObject({ status: 200 });
  });

  test('ends with its connection', async () => {
    const { service, held } = fakeService();
    const { headers, body } = modern('tools/call', { name: 'held' });
    const gone = new AbortController();
    const answer = post(await serveFace(service), body, { headers, signal: gone.signal }).catch(() => 'gone');
    await until(() => held.length === 1);
    gone.abort();
    await until(() => held[0]?.caller.signal.aborted === true);
    expect(await answer).toBe('gone');
  });
});

test('a subscription of 2026-07-28 brings what it asks for, and nothing else', async () => {
  const { service, changeLists, watched, listeners } = fakeService();
  const notifications = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['a:1'] };
  const { headers, body } = modern('subscriptions/listen', { notifications });
  const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } };
  const url = await serveFace(service);
  const reader = await openReader(url, { ...init, body: JSON.stringify(body) });
  const next = async () => (await reader.next())?.message;
  const _meta = { 'io.modelcontextprotocol/subscriptionId': 1 };
  expect(await next()).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: { _meta, notifications: { toolsListChanged: true, resourceSubscriptions: ['a:1'] } },
  });
  changeLists();
  expect(await next()).toMatchObject({ method: 'notifications/tools/list_changed', params: { _meta } });
  watched.get('a:1')?.('a:1');
  expect(await next()).toMatchObject({ method: 'notifications/resources/updated', params: { _meta, uri: 'a:1' } });
  const before = listeners.size;
  reader.leave();
  await until(() => listeners.size === before - 1 && watched.size === 0);

  const nothing = modern('subscriptions/listen', { notifications: { promptsListChanged: true } });
  const answer = await post(url, nothing.body, { headers: nothing.headers });
  expect(messagesIn(answer)).toMatchObject([
    { method: expect.stringContaining('acknowledged') },
    { id: 1, result: { _meta } },
  ]);
});
