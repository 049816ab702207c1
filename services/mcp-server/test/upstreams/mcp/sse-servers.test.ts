import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, jest, test } from '@jest/globals';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { openClient } from '../../era-clients.ts';
import { areAllUp, startHub } from '../../mesh-of-tests.ts';

jest.setTimeout(60_000);

/** A server of 2024 by the SDK's first version: a stream at /sse, messages at /messages. */
async function startSseServer(port = 0, method = 'GET') {
  const transports = new Map<string, SSEServerTransport>();
  const calls: string[] = [];
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://server');
    if ((req.method === 'GET' || req.method === method) && pathname === '/sse') {
      const transport = new SSEServerTransport('/messages', res);
      transports.set(transport.sessionId, transport);
      await createServer(calls).connect(transport);
    } else if (req.method === 'POST' && pathname === '/messages') {
      const transport = transports.get(searchParams.get('sessionId') ?? '');
      if (transport === undefined) res.writeHead(404).end('no such session');
      else await transport.handlePostMessage(req, res);
    } else res.writeHead(405).end();
  };
  const server = await serveRaw((req, res) => void serve(req, res).catch(() => res.destroy()), port);
  return { ...server, url: `${server.url}/sse`, calls };
}

function createServer(calls: string[]): McpServer {
  const server = new McpServer({ name: 'sse', version: '1' });
  const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });
  server.registerTool('write', { description: 'Writes.' }, async () => {
    calls.push('write');
    return text('written');
  });
  server.registerTool('step', { description: 'Goes two steps.' }, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken ?? 0;
    for (const progress of [1, 2]) {
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: 2 } });
    }
    return text('there');
  });
  server.registerTool('ask', { description: 'Asks.' }, async () => {
    const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } };
    const { content } = await server.server.elicitInput({ message: 'Who?', requestedSchema });
    return text(`Hello, ${String(content?.['name'])}`);
  });
  server.registerTool('hang', { description: 'Never answers.' }, async () => {
    calls.push('hang');
    return new Promise<never>(() => {});
  });
  return server;
}

const call = (hub: { readonly url: string }, name: string) => post(`${hub.url}/tools/${name}`, { arguments: {} });

test.each([{}, { transport: 'sse' }, { transport: 'http' }])(
  'a server of HTTP with server-sent events is an upstream as any other, with %j in its entry',
  async (more) => {
    const server = endWithTest(await startSseServer());
    const hub = await startHub({ old: { url: server.url, ...more } });
    expect(await call(hub, 'write')).toMatchObject({ status: 200, body: { content: [{ text: 'written' }] } });
  },
);

test('a server that opens its stream whatever the method is one, too', async () => {
  const server = endWithTest(await startSseServer(0, 'POST'));
  const hub = await startHub({ old: { url: server.url } });
  expect(await call(hub, 'write')).toMatchObject({ status: 200, body: { content: [{ text: 'written' }] } });
});

test('progress comes before the result, and questions reach the client that called', async () => {
  const server = endWithTest(await startSseServer());
  const hub = await startHub({ old: { url: server.url } });
  const client = await openClient('legacy', `${hub.url}/mcp`);
  const steps: unknown[] = [];
  await client.request('tools/call', { name: 'step', arguments: {} }, { onProgress: (step) => steps.push(step) });
  expect(steps).toMatchObject([{ progress: 1 }, { progress: 2 }]);
  const asked = await client.request('tools/call', { name: 'ask', arguments: {} });
  expect(asked).toMatchObject({ content: [{ text: expect.stringMatching(/^Hello, /) }] });
  await client.close();
});

test('a server that is restarted is used again without a failed call', async () => {
  const before = await startSseServer();
  const hub = await startHub({ old: { url: before.url } });
  expect((await call(hub, 'write')).status).toBe(200);
  await before.stop();
  const after = endWithTest(await startSseServer(before.port));
  expect((await call(hub, 'write')).status).toBe(200);
  expect(after.calls).toEqual(['write']);
});

test('a server that dies ends its calls, whose outcome is unknown', async () => {
  const server = await startSseServer();
  const hub = await startHub({ old: { url: server.url } });
  const cut = call(hub, 'hang');
  await until(() => server.calls.includes('hang'));
  await server.stop();
  expect(await cut).toMatchObject({
    status: 502,
    body: { error: { message: expect.stringContaining('ended its stream'), details: { outcome: 'unknown' } } },
  });
});

describe('a stream', () => {
  const streams: readonly [string, string, RegExp][] = [
    [
      'whose messages go elsewhere',
      'event: endpoint\ndata: http://example.com/messages\n\n',
      /wants its messages at http:\/\/example.com/,
    ],
    ['that ends without an address for messages', ': hello\n\n', /ended its stream without an address/],
  ];
  test.each(streams)('%s is no server, for that reason', async (_what, body, reason) => {
    const server = endWithTest(
      await serveRaw((req, res) => {
        if (req.method === 'GET') res.writeHead(200, { 'content-type': 'text/event-stream' }).end(body);
        else res.writeHead(405).end();
      }),
    );
    const hub = await startHub({ old: { url: `${server.url}/sse`, transport: 'sse' } });
    const lastError = async () => String(Object((await request(`${hub.url}/stats`)).body).upstreams.old.last_error);
    await until(async () => (await lastError()) !== 'undefined');
    expect(await lastError()).toMatch(reason);
    expect(await areAllUp(hub)).toBe(false);
  });
});
