import { gzipSync } from 'node:zlib';
import { describe, expect, jest, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { areAllUp, serveHub, startHub } from '../../mesh-of-tests.ts';
import { answered, encoded, goodAnswer, type Oddity, type RawMessage, serveRawMcp } from './raw-mcp-server.ts';

// Some servers take seconds to answer.
jest.setTimeout(90_000);

const WORD = 'grüße, 日本語🎉';
const json = 'application/json';
const event = (data: string): string => `event: message\r\nid: 1\r\ndata: ${data}\r\n\r\n`;

async function hubOf(url: string, more: object = {}) {
  const hub = await startHub({ odd: { url, ...more } });
  const reason = async (): Promise<string> =>
    String(Object((await request(`${hub.url}/stats`)).body).upstreams.odd.last_error);
  const say = () => post(`${hub.url}/tools/say`, { arguments: { word: WORD } });
  return { hub, reason, say };
}

/** Answers of servers that differ from the protocol in form alone. */
const FORMS: Readonly<Record<string, Oddity>> = {
  'ids as texts': encoded(json, (answer, { id }) => JSON.stringify({ ...answer, id: String(id) })),
  'no jsonrpc': encoded(json, (answer) => JSON.stringify({ ...answer, jsonrpc: undefined })),
  'an error that is null': encoded(json, (answer) => JSON.stringify({ error: null, ...answer })),
  'a byte order mark': encoded(json, (answer) => `\uFEFF${JSON.stringify(answer)}`),
  'blanks around': encoded(json, (answer) => `\n\n${JSON.stringify(answer, undefined, 2)}\r\n\n`),
  'capitals in its type': encoded('Application/JSON; Charset=UTF-8', (answer) => JSON.stringify(answer)),
  'no type': encoded(undefined, (answer) => JSON.stringify(answer)),
  'a wrong type': encoded('text/plain', (answer) => JSON.stringify(answer)),
  'an array': encoded(json, (answer) => JSON.stringify([answer])),
  'a stream': encoded('text/event-stream', (answer) => event(JSON.stringify(answer))),
  'a stream in capitals, with comments, retry and empty data': encoded('Text/Event-Stream;charset=utf-8', (answer) =>
    [': hello', 'retry: 10', '', 'id: 0', 'data:', '', event(JSON.stringify(answer))].join('\r\n'),
  ),
  'a stream with JSON over several lines': encoded(
    'text/event-stream',
    (answer) => `data: ${JSON.stringify(answer, undefined, 2).replaceAll('\n', '\ndata: ')}\n\n`,
  ),
  'an encoding that nobody asked for': ({ res, message, answer }) => {
    if (message.id === undefined) return false;
    const headers = { 'content-type': json, 'content-encoding': 'gzip' };
    res.writeHead(200, headers).end(gzipSync(JSON.stringify(answer)));
    return true;
  },
  'null instead of nothing': encoded(json, (answer) => {
    const { result } = Object(answer);
    return JSON.stringify(
      result === undefined ? answer : { ...answer, result: { ...result, nextCursor: null, _meta: null } },
    );
  }),
  'a refusal of notifications': ({ res, message }) => {
    if (message.id === undefined) res.writeHead(400).end('what?');
    return message.id === undefined;
  },
  'an answer to notifications': ({ res, message }) => {
    if (message.id === undefined) res.writeHead(200, { 'content-type': json }).end('{}');
    return message.id === undefined;
  },
  'a redirect within its origin': ({ req, res }) => {
    if (req.url !== '/mcp') return false;
    res.writeHead(307, { location: '/mcp/' }).end();
    return true;
  },
  'an error of its own at the first question': answered('server/discover', 500, 'Internal Server Error'),
  'no capabilities, no name': encoded(json, (answer, { method }) =>
    JSON.stringify(
      method === 'initialize'
        ? { ...answer, result: { protocolVersion: '2025-06-18', capabilities: null, serverInfo: null } }
        : answer,
    ),
  ),
  'the revisions that it supports': encoded(json, (answer, { id, method, params }) => {
    const isRefused = method === 'initialize' && Object(params).protocolVersion !== '2024-11-05';
    const error = { code: -32_602, message: 'Unsupported protocol version', data: { supported: ['2024-11-05'] } };
    return JSON.stringify(isRefused ? { jsonrpc: '2.0', id, error } : answer);
  }),
};

test.each(Object.entries(FORMS))('a server whose answers have %s is an upstream as any other', async (_form, odd) => {
  const { say } = await hubOf((await serveRawMcp(odd)).url);
  expect(await say()).toMatchObject({ status: 200, body: { is_error: false, content: [{ text: WORD }] } });
});

const ofVersion = (protocolVersion: string): Oddity =>
  encoded(json, (answer, { method }) => {
    const initialized = { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'raw', version: '1' } };
    return JSON.stringify(method === 'initialize' ? { ...answer, result: initialized } : answer);
  });

test.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'])(
  'a server of %s is spoken to in its revision',
  async (version) => {
    const told: unknown[] = [];
    const server = await serveRawMcp((exchange) => {
      if (exchange.message.method === 'tools/call') told.push(exchange.req.headers['mcp-protocol-version']);
      return ofVersion(version)(exchange);
    });
    const { say } = await hubOf(server.url);
    expect((await say()).status).toBe(200);
    expect(told).toEqual([version]);
  },
);

/** Servers that are none, with what has to be said of them. */
const FAILURES: readonly [string, Oddity, RegExp][] = [
  [
    'a login page',
    encoded('text/html; charset=utf-8', () => '<html>Sign in</html>'),
    /status 200 and text\/html, which is not MCP/,
  ],
  [
    'JSON of something else',
    encoded(json, () => '{"hello":"world"}'),
    /status 200 and application\/json, which is not MCP/,
  ],
  ['nothing', encoded(json, () => ''), /ended its answer before it was complete/],
  [
    'a revision that is not known',
    ofVersion('2031-01-01'),
    /wants protocol version 2031-01-01; supported are 2026-07-28/,
  ],
  [
    'a refusal without a key',
    ({ res }) => Boolean(res.writeHead(401, { 'www-authenticate': 'Bearer' }).end('{}')),
    /status 401/,
  ],
  [
    'a redirect to elsewhere',
    ({ res }) => Boolean(res.writeHead(308, { location: 'https://example.com/mcp' }).end()),
    /redirects to https:\/\/example.com/,
  ],
  [
    'redirects without an end',
    ({ res }) => Boolean(res.writeHead(307, { location: '/mcp' }).end()),
    /redirected the request more than 5 times/,
  ],
  ['another error of HTTP', answered('initialize', 418, 'short and stout'), /status 418/],
];

test.each(FAILURES)('a server that answers with %s is down for that reason', async (_what, odd, reason) => {
  const found = await hubOf((await serveRawMcp(odd)).url);
  await until(async () => (await found.reason()) !== 'undefined');
  expect(await found.reason()).toMatch(reason);
  expect(await found.reason()).not.toMatch(/dropped the connection/);
});

describe('a call', () => {
  test('whose answer is longer than is accepted says so', async () => {
    const long = 'x'.repeat(1_024 ** 2);
    const server = await serveRawMcp(({ res, message }) => {
      if (message.method !== 'tools/call') return false;
      res.writeHead(200, { 'content-type': json });
      for (let i = 0; i < 65; i += 1) res.write(long);
      res.end();
      return true;
    });
    const { say } = await hubOf(server.url);
    expect(await say()).toMatchObject({
      status: 502,
      body: { error: { message: expect.stringContaining('more than 67108864 bytes') } },
    });
  });

  test('gets its result before the stream ends, and what comes after it does no harm', async () => {
    const server = await serveRawMcp(({ res, message, answer }) => {
      if (message.method !== 'tools/call') return false;
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(event(JSON.stringify(answer)));
      // It never ends the stream, and goes on to write.
      const more = setInterval(() => res.write(event('{"jsonrpc":"2.0","id":999,"result":{}}')), 10);
      res.once('close', () => clearInterval(more));
      return true;
    });
    const { say } = await hubOf(server.url);
    for (let i = 0; i < 3; i += 1)
      expect(await say()).toMatchObject({ status: 200, body: { content: [{ text: WORD }] } });
  });

  test('goes on after its stream broke, from the event at which it did', async () => {
    const resumed: unknown[] = [];
    let waiting: RawMessage | undefined;
    const server = await serveRawMcp(({ res, message }) => {
      if (message.method !== 'tools/call') return false;
      waiting = message;
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end('id: 41\nretry: 20\ndata:\n\n');
      return true;
    });
    server.server.prependListener('request', (req, res) => {
      if (req.method !== 'GET' || req.headers['last-event-id'] === undefined) return;
      resumed.push(req.headers['last-event-id']);
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end(event(JSON.stringify(goodAnswer(waiting ?? {}))));
    });
    const { say } = await hubOf(server.url);
    expect(await say()).toMatchObject({ status: 200, body: { content: [{ text: WORD }] } });
    expect(resumed).toEqual(['41']);
  });
});

test('a server may take longer for its first answer, and for a list, than others do', async () => {
  const server = await serveRawMcp(async ({ message }) => {
    const isSlow = message.method === 'initialize' || message.method === 'tools/list';
    if (isSlow) await new Promise((resolve) => setTimeout(resolve, 6_000));
    return false;
  });
  const { hub, say } = await hubOf(server.url);
  await until(() => areAllUp(hub));
  expect((await say()).status).toBe(200);
});

test('a server that kept silent for too long is tried again', async () => {
  const answers = { enabled: false };
  const server = await serveRawMcp(() => !answers.enabled);
  const { hub, reason, say } = await hubOf(server.url, { connect_timeout_ms: 200 });
  await until(async () => (await reason()) !== 'undefined');
  expect(await reason()).toMatch(/did not answer as an MCP server within 200 ms/);
  answers.enabled = true;
  await until(() => areAllUp(hub));
  expect((await say()).status).toBe(200);
});

test('a hub stops at once while a server keeps silent', async () => {
  const server = await serveRawMcp(() => true);
  const hub = await serveHub({ odd: { url: server.url } });
  await until(() => server.messages.length > 0);
  const stopped = hub.stop(0).then(() => 'stopped');
  expect(await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 15_000, 'hangs').unref())])).toBe(
    'stopped',
  );
});

test('a server that never answers what it does not know is greeted in the way of before', async () => {
  const server = await serveRawMcp(({ message }) => message.method === 'server/discover');
  const { hub, say } = await hubOf(server.url);
  await until(() => areAllUp(hub));
  expect((await say()).status).toBe(200);
});
