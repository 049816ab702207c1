import { describe, expect, test } from '@jest/globals';
import { readMessages } from '../../mcp/client/read-message.ts';
import { createRequestClocks } from '../../mcp/client/request-clocks.ts';
import { createRpcPeer, type RpcPeerOptions } from '../../mcp/client/rpc-peer.ts';
import { METHOD_NOT_FOUND } from '../../mcp/protocol.ts';

const signal = new AbortController().signal;

/** A peer whose messages are collected, and that is told what the server says as text. */
function startPeer(options: Partial<RpcPeerOptions> = {}) {
  const sent: Record<string, unknown>[] = [];
  const peer = createRpcPeer({
    send: async ({ text }) => void sent.push(JSON.parse(text)),
    clocks: createRequestClocks(),
    cancels: true,
    ...options,
  });
  const hear = (message: unknown) => readMessages(JSON.stringify(message)).forEach((each) => peer.receive(each));
  const call = (method = 'tools/call', own = signal) => peer.request({ method, params: () => ({}), signal: own });
  return { peer, sent, hear, call };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a request', () => {
  test.each([
    ['its own id', { id: 1, result: { a: 1 } }],
    ['its id as text', { id: '1', result: { a: 1 } }],
    ['null beside the result', { jsonrpc: '2.0', id: 1, result: { a: 1 }, error: null }],
  ])('is answered by a message with %s', async (_what, message) => {
    const { call, hear } = startPeer();
    const answer = call();
    hear({ id: 77, result: { other: true } });
    hear(message);
    expect(await answer).toEqual({ a: 1 });
  });

  test('is answered whatever large numbers its server writes where ids are', async () => {
    const { peer, sent, call } = startPeer();
    const answer = call();
    const large = '12345678901234567890';
    for (const text of [
      `{"jsonrpc":"2.0","id":${large},"result":{}}`,
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${large},"progress":1}}`,
      `{"jsonrpc":"2.0","id":${large},"method":"ping"}`,
      '{"jsonrpc":"2.0","id":1,"result":{"a":1}}',
    ]) {
      readMessages(text).forEach((each) => peer.receive(each));
    }
    expect(await answer).toEqual({ a: 1 });
    await settled();
    expect(sent).toContainEqual({ jsonrpc: '2.0', id: Number(large), result: {} });
  });

  test.each([
    [
      'a refusal',
      { id: 1, error: { code: -32_000, message: 'no', data: { why: 1 } } },
      { code: -32_000, data: { why: 1 } },
    ],
    [
      'a refusal with a code that is none',
      { id: 1, error: { code: 'E', message: 'no' } },
      { code: -32_603, message: 'no' },
    ],
    ['a result that is no object', { id: 1, result: 'ok' }, { message: 'answered with a result that is no object' }],
    [
      'a result that is nested too deep',
      { id: 1, result: JSON.parse(`${'{"a":'.repeat(80)}1${'}'.repeat(80)}`) },
      { message: expect.stringContaining('deeper than 64') },
    ],
  ])('fails by %s', async (_what, message, error) => {
    const { call, hear } = startPeer();
    const answer = call();
    hear(message);
    await expect(answer).rejects.toMatchObject(error);
  });

  test.each([
    ['tools/call', 1],
    ['initialize', 0],
    ['server/discover', 0],
  ])('that is given up is cancelled, %s', async (method, count) => {
    const { call, sent } = startPeer();
    const caller = new AbortController();
    const answer = call(method, caller.signal);
    caller.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
    expect(sent.filter((message) => message['method'] === 'notifications/cancelled')).toHaveLength(count);
  });

  test('fails when the connection does', async () => {
    const { call, peer } = startPeer();
    const answers = [call(), call()];
    peer.fail(new Error('closed'));
    for (const answer of answers) await expect(answer).rejects.toThrow('closed');
  });
});

describe('a request of the server', () => {
  test('is put to the handler; ping is answered, and what is not known is refused', async () => {
    const { hear, sent } = startPeer({ onRequest: async ({ method }) => ({ method }) });
    hear({ id: 'a', method: 'elicitation/create', params: null });
    hear({ id: 'b', method: 'ping' });
    hear({ id: 'c', method: 'tools/call', params: {} });
    await settled();
    expect(sent).toHaveLength(3);
    expect(sent).toContainEqual({ jsonrpc: '2.0', id: 'a', result: { method: 'elicitation/create' } });
    expect(sent).toContainEqual({ jsonrpc: '2.0', id: 'b', result: {} });
    expect(sent).toContainEqual({
      jsonrpc: '2.0',
      id: 'c',
      error: expect.objectContaining({ code: METHOD_NOT_FOUND }),
    });
  });

  test('is one of few: a flood of them is not answered', async () => {
    const open: (() => void)[] = [];
    const { hear } = startPeer({
      onRequest: () => new Promise((resolve) => open.push(() => resolve({}))),
    });
    for (let id = 0; id < 1_000; id += 1) hear({ id, method: 'roots/list' });
    await settled();
    expect(open).toHaveLength(64);
  });

  test('may be withdrawn', async () => {
    const withdrawn: unknown[] = [];
    const { hear, sent } = startPeer({
      onRequest: (_request, asking) =>
        new Promise((resolve) => {
          asking.addEventListener('abort', () => resolve({ late: withdrawn.push('q') }));
        }),
    });
    hear({ id: 'q', method: 'sampling/createMessage', params: {} });
    hear({ method: 'notifications/cancelled', params: { requestId: 'q' } });
    await settled();
    expect(withdrawn).toEqual(['q']);
    expect(sent).toEqual([]);
  });
});

test('notifications reach the request that they name, or everybody', async () => {
  const all: unknown[] = [];
  const own: unknown[] = [];
  const { peer, hear } = startPeer({ onNotification: ({ method }) => void all.push(method) });
  const answer = peer.request({
    method: 'tools/call',
    params: () => ({}),
    signal,
    onNotification: ({ params }) => void own.push(params?.['progress']),
  });
  hear({ method: 'notifications/progress', params: { progressToken: '1', progress: 1 } });
  hear({ method: 'notifications/tools/list_changed' });
  hear([
    { method: 'notifications/progress', params: { progressToken: 1, progress: 2 } },
    { id: 1, result: {} },
  ]);
  await answer;
  expect(own).toEqual([1, 2]);
  expect(all).toEqual(['notifications/tools/list_changed']);
});
