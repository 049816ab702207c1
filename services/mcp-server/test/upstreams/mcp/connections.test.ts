import { randomUUID } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import express, { type Request, type Response } from 'express';
import { type Era, startFixture } from '../../conformance/fixture.ts';
import { type EraClient, openClient } from '../../era-clients.ts';
import { areAllUp, startHub as startHubOf } from '../../mesh-of-tests.ts';

// Time limits of seconds are waited for.
jest.setTimeout(60_000);

const WATCHED = 'test://watched-resource';
/** Starts a hub that has its upstream: on a busy machine it does not wait for that. */
async function startHub(url: string, more: object = {}) {
  const hub = await startHubOf({ upstream: { url, ...more } });
  const isUp = async () => Object((await request(`${hub.url}/stats`)).body).upstreams.upstream.status === 'up';
  await until(isUp);
  return hub;
}

const callTool = (hub: TestedService, name: string) => post(`${hub.url}/tools/${name}`, { arguments: {} });

/** A server of the SDK's first version as it is commonly written: it knows its sessions, and no others. */
async function startOldServer(port = 0) {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const calls: string[] = [];
  const app = express();
  app.use(express.json());
  const serve = async (req: Request, res: Response): Promise<void> => {
    const id = req.get('mcp-session-id');
    const known = id === undefined ? undefined : transports.get(id);
    if (known !== undefined) return known.handleRequest(req, res, req.body);
    if (id !== undefined || !isInitializeRequest(req.body)) {
      const error = { code: -32_000, message: 'Session not found' };
      return void res.status(id === undefined ? 400 : 404).json({ jsonrpc: '2.0', error, id: null });
    }
    const server = new McpServer({ name: 'old', version: '1' });
    for (const [name, readOnlyHint] of [
      ['look', true],
      ['write', false],
    ] as const) {
      server.registerTool(name, { description: name, annotations: { readOnlyHint } }, async () => {
        calls.push(name);
        return { content: [{ type: 'text', text: `${name} done` }] };
      });
    }
    server.registerTool('nest', { description: 'Nests.' }, async () => ({
      content: [],
      structuredContent: { deep: JSON.parse('['.repeat(100) + ']'.repeat(100)) },
    }));
    let count = 0;
    server.registerTool('count', { description: 'Counts the calls of a session' }, async () => ({
      content: [{ type: 'text', text: String((count += 1)) }],
    }));
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void transports.set(session, transport),
    });
    await server.connect(transport);
    await transport.handleRequest(req, res, req.body);
  };
  app.all('/mcp', (req, res, next) => void serve(req, res).catch(next));
  return { ...(await serveRaw(app, port)), calls };
}

describe('an upstream of the SDK’s first version, with sessions', () => {
  test.each(['look', 'write'])('that is restarted is used again without a failed call of the tool %s', async (name) => {
    const before = await startOldServer();
    const hub = await startHub(`${before.url}/mcp`);
    expect((await callTool(hub, name)).body).toMatchObject({ content: [{ text: `${name} done` }] });
    expect(before.calls).toEqual([name]);

    await before.stop();
    const after = await startOldServer(before.port);
    endWithTest(after);
    expect((await callTool(hub, name)).body).toMatchObject({ content: [{ text: `${name} done` }] });
    expect(after.calls).toEqual([name]);
  });
});

test('an answer of the SDK’s first version that is nested too deep is a failure of that upstream, told at once', async () => {
  const server = endWithTest(await startOldServer());
  const hub = await startHub(`${server.url}/mcp`);
  expect(await callTool(hub, 'nest')).toMatchObject({
    status: 502,
    body: { error: { code: 'upstream_failed', message: expect.stringContaining('nested deeper than 64 levels') } },
  });
  expect((await callTool(hub, 'look')).status).toBe(200);
});

test('what clients of 2025 with sessions of their own do adds up for each of them', async () => {
  const server = await startOldServer();
  endWithTest(server);
  const hub = await startHub(`${server.url}/mcp`);
  const counted = async (client: EraClient) => {
    const { content } = await client.request('tools/call', { name: 'count', arguments: {} });
    return Object(content)[0].text;
  };
  const [one, other] = await Promise.all([1, 2].map(() => openClient('legacy', `${hub.url}/mcp`)));
  if (one === undefined || other === undefined) throw new Error('no clients');
  expect([await counted(one), await counted(one), await counted(other), await counted(one)]).toEqual([
    '1',
    '2',
    '1',
    '3',
  ]);
  await Promise.all([one.close(), other.close()]);
});

describe.each(['legacy', 'modern'] as const)('an upstream of the %s era', (era: Era) => {
  test('that dies in the middle of a stream ends the call, which need not wait for its time limit', async () => {
    const fixture = await startFixture({ eras: [era] });
    const hub = await startHub(fixture.url);
    const client = await openClient('modern', `${hub.url}/mcp`);
    const begun = Promise.withResolvers<void>();
    const params = { name: 'test_until_cancelled', arguments: {} };
    const cut = client.request('tools/call', params, { onProgress: () => begun.resolve() });
    await begun.promise;
    await fixture.stop();
    const { isError, content } = await cut;
    expect(isError).toBe(true);
    expect(content).toMatchObject([{ text: expect.stringContaining('whether it ran is unknown') }]);
    await client.close();
  });

  test('that is restarted tells of changes of resources as before', async () => {
    const before = await startFixture({ eras: [era] });
    const hub = await startHub(before.url);
    const client = await openClient('modern', `${hub.url}/mcp`);
    await client.listen(WATCHED);
    const updates = () =>
      client.notifications.filter(({ method }) => method === 'notifications/resources/updated').length;
    const trigger = () => client.request('tools/call', { name: 'test_trigger_resource_update', arguments: {} });
    const told = async () => {
      await trigger();
      return updates() > 0;
    };
    await until(told);

    await before.stop();
    await until(async () => !(await areAllUp(hub)));
    const after = await startFixture({ eras: [era], port: before.port });
    endWithTest(after);
    await until(() => areAllUp(hub));
    const known = updates();
    await until(async () => {
      await trigger();
      return updates() > known;
    });
    expect(client.notifications).toContainEqual(
      expect.objectContaining({ params: expect.objectContaining({ uri: WATCHED }) }),
    );
    await client.close();
  });
});

test.each([
  ['legacy', 'modern'],
  ['modern', 'legacy'],
] as const)('an upstream of the %s era that comes back as one of the %s era is used as that', async (before, after) => {
  const old = await startFixture({ eras: [before] });
  const hub = await startHub(old.url);
  expect((await callTool(hub, 'test_simple_text')).status).toBe(200);
  await old.stop();
  endWithTest(await startFixture({ eras: [after], port: old.port }));
  await until(async () => (await callTool(hub, 'test_simple_text')).status === 200);
});

test.each(['legacy', 'modern'] as const)(
  'a user of a client of the %s era may think for longer than a call may be silent',
  async (era: Era) => {
    const fixture = await startFixture({ eras: ['legacy'] });
    endWithTest(fixture);
    const hub = await startHub(fixture.url, { timeout_ms: 3_000 });
    const client = await openClient(era, `${hub.url}/mcp`, 4_000);
    const params = { name: 'test_input_required_result_elicitation', arguments: {} };
    expect(await client.request('tools/call', params)).toMatchObject({ content: [{ text: 'Hello, my name!' }] });

    const silent = await client.request('tools/call', { name: 'test_until_cancelled', arguments: {} });
    expect(silent).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('in time') }] });
    await client.close();
  },
);

test('a hub behind a hub passes questions of a server of 2025 on, and the answers back', async () => {
  const fixture = await startFixture({ eras: ['legacy'] });
  endWithTest(fixture);
  const behind = await startHub(fixture.url);
  const front = await startHub(`${behind.url}/mcp`);
  // Both have tools for searching; that the front hub leaves the other's out is no defect.
  await until(() => areAllUp(front));
  const client = await openClient('modern', `${front.url}/mcp`);
  const result = await client.request('tools/call', { name: 'test_input_required_result_multi_round', arguments: {} });
  expect(result).toMatchObject({ content: [{ text: 'my name likes my color' }] });
  await client.close();
});
