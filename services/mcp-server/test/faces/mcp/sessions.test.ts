import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Server } from '@modelcontextprotocol/server';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { type Answer, post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import express from 'express';
import { createMcpSessions, type SessionLimits } from '../../../src/faces/mcp/sessions.ts';
import { startFixture } from '../../conformance/fixture.ts';
import { serveHub } from '../../mesh-of-tests.ts';

const running: { stop(graceMs: number): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((part) => part.stop(0)));
});

const ACCEPT = { accept: 'application/json, text/event-stream' };
const initialize = (protocolVersion: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'by-hand', version: '1' } },
});
const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'test_simple_text', arguments: {} } };

/** The message in an answer, be it JSON or an event. */
const messageIn = ({ body }: Answer) => {
  if (typeof body !== 'string') return body;
  return JSON.parse(/^data: (\{.*)$/m.exec(body)?.[1] ?? 'null');
};
const sessionOf = ({ headers }: Answer): Record<string, string> => {
  const id = headers.get('mcp-session-id');
  return id === null ? {} : { 'mcp-session-id': id };
};

describe('a client before 2026-07-28', () => {
  let url = '';
  const parts: { stop(graceMs: number): Promise<void> }[] = [];
  beforeAll(async () => {
    const fixture = await startFixture();
    const hub = await serveHub({ fixture: { url: fixture.url } });
    parts.push(fixture, hub);
    url = `${hub.url}/mcp`;
  });
  afterAll(() => Promise.all(parts.map((part) => part.stop(0))));

  test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('of %s is served', async (version) => {
    const opened = await post(url, initialize(version), { headers: ACCEPT });
    expect(messageIn(opened).result).toMatchObject({
      protocolVersion: version,
      serverInfo: { name: 'toolmesh' },
      capabilities: { tools: {}, prompts: {}, resources: {}, completions: {}, logging: {} },
    });
    const headers = { ...ACCEPT, ...sessionOf(opened) };
    const answer = messageIn(await post(url, call, { headers }));
    expect(answer.result.content).toEqual([{ type: 'text', text: 'This is a simple text response for testing.' }]);
  });

  test('needs no session, and is served with one that the hub does not know', async () => {
    for (const headers of [ACCEPT, { ...ACCEPT, 'mcp-session-id': 'of-a-hub-before' }]) {
      const answer = await post(url, call, { headers });
      expect(answer.status).toBe(200);
      expect(messageIn(answer).result.content).toHaveLength(1);
    }
  });

  test('is told that a session is gone which it has given back', async () => {
    const opened = await post(url, initialize('2025-11-25'), { headers: ACCEPT });
    const headers = { ...ACCEPT, ...sessionOf(opened) };
    expect((await request(url, { method: 'DELETE', headers })).status).toBe(200);
    expect(await post(url, call, { headers })).toMatchObject({ status: 404, body: { error: { code: -32_001 } } });
    expect((await request(url, { method: 'GET', headers })).status).toBe(404);
  });

  test('gets structured content that is no object inside of one', async () => {
    const listed = messageIn(await post(url, { ...call, method: 'tools/list', params: {} }, { headers: ACCEPT }));
    const tool = listed.result.tools.find(({ name }: { name: string }) => name === 'test_structured_list');
    expect(tool.outputSchema).toMatchObject({ type: 'object', properties: { result: { type: 'array' } } });
    const params = { name: 'test_structured_list', arguments: {} };
    const answer = messageIn(await post(url, { ...call, params }, { headers: ACCEPT }));
    expect(answer.result).toMatchObject({ structuredContent: { result: [1, 2] }, content: [{ text: '1, 2' }] });
  });
});

describe('sessions', () => {
  /** Serves sessions alone; what has none is answered with 418. */
  async function serve(limits: SessionLimits) {
    const make = () => {
      const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } });
      server.setRequestHandler('tools/list', () => ({ tools: [] }));
      return server;
    };
    const sessions = createMcpSessions(make, limits);
    const app = express();
    app.use(express.json(), (req, res) => {
      if (!sessions.serve(req, res)) res.sendStatus(418);
    });
    const { url, stop } = await serveRaw(app);
    running.push({ stop: async () => void (await Promise.all([sessions.close(), stop()])) });
    const open = async () => sessionOf(await post(url, initialize('2025-11-25'), { headers: ACCEPT }));
    const use = async (session: Record<string, string>) =>
      (await post(url, { ...call, method: 'tools/list', params: {} }, { headers: { ...ACCEPT, ...session } })).status;
    return { url, sessions, open, use };
  }

  test('are as many as may be; one too many takes the place of the one that is idle for longest', async () => {
    const { sessions, open, use } = await serve({ maxSessions: 2, idleMs: 600_000 });
    const [first, second] = [await open(), await open()];
    expect(await use(first)).toBe(200);
    await sleep(5);
    const third = await open();
    expect(sessions.size).toBe(2);
    expect(await Promise.all([use(first), use(second), use(third)])).toEqual([200, 418, 200]);
  });

  test('are not taken from those who listen', async () => {
    const { url, sessions, open, use } = await serve({ maxSessions: 1, idleMs: 600_000 });
    const headers = { ...(await open()) };
    const stop = new AbortController();
    const stream = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' }, signal: stop.signal });
    expect(stream.status).toBe(200);
    expect(await open()).toEqual({});
    expect(await use(headers)).toBe(200);
    expect(sessions.size).toBe(1);
    stop.abort();
  });

  test('end when they have been idle for too long', async () => {
    const { sessions, open, use } = await serve({ maxSessions: 10, idleMs: 50 });
    const session = await open();
    await until(() => sessions.size === 0);
    expect(await use(session)).toBe(404);
  });
});
