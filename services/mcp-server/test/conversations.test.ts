import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createConversations } from '../src/conversations.ts';
import { type EraClient, openClient } from './era-clients.ts';
import { areAllUp, call, startHub } from './mesh-of-tests.ts';
import { isAlive } from './upstreams/stdio/stdio-kit.ts';

jest.setTimeout(60_000);

const MINE = 'b7ad6b71-69203331-mine';
const OTHER = 'b7ad6b71-69203331-other';
const KEY = 'io.toolmesh/conversation';

const clients: EraClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close().catch(() => {})));
});

async function startCounter() {
  const file = fileURLToPath(new URL('upstreams/stdio/counter-server.ts', import.meta.url));
  const entry = { command: process.execPath, args: [file], sandbox: { enabled: false } };
  const hub = await startHub({ counter: entry });
  await until(() => areAllUp(hub));
  const rest = (conversation: string, tool = 'count', method: 'POST' | 'DELETE' = 'POST') =>
    fetch(method === 'POST' ? `${hub.url}/tools/${tool}` : `${hub.url}/conversations/${conversation}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-conversation-id': conversation },
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
  const count = async (conversation: string) => Object(await (await rest(conversation)).json()).structured_content;
  return { hub, rest, count };
}

describe('a conversation', () => {
  test('has a process of its own, over REST and over MCP of both eras, until it is ended', async () => {
    const { hub, rest, count } = await startCounter();
    const first = await count(MINE);
    expect(first.count).toBe(1);
    expect(await count(OTHER)).toMatchObject({ count: 1, pid: expect.any(Number) });
    for (const era of ['modern', 'legacy'] as const) {
      const client = await openClient(era, `${hub.url}/mcp`);
      clients.push(client);
      const { structuredContent } = await client.request('tools/call', { name: 'count' }, { meta: { [KEY]: MINE } });
      expect(structuredContent).toMatchObject({ pid: first.pid });
    }
    expect(await count(MINE)).toMatchObject({ count: 4, pid: first.pid });
    expect((await call(hub, 'count')).body.structured_content.pid).not.toBe(first.pid);

    expect((await rest(MINE, '', 'DELETE')).status).toBe(204);
    await until(() => !isAlive(first.pid));
    expect((await count(MINE)).count).toBe(1);
  });

  test('is told to no upstream, and has an id that nobody guesses', async () => {
    const { hub, rest } = await startCounter();
    const client = await openClient('modern', `${hub.url}/mcp`);
    clients.push(client);
    const meta = { [KEY]: MINE, 'com.example/own': 1 };
    const { structuredContent } = await client.request('tools/call', { name: 'meta' }, { meta });
    expect(structuredContent).toMatchObject({ 'com.example/own': 1 });
    expect(structuredContent).not.toHaveProperty([KEY]);

    const refused = await rest('short');
    expect(refused.status).toBe(400);
    expect(Object(await refused.json()).error.message).toMatch(/must have 16 to 128 characters.*use a random UUID/);
    expect((await request(`${hub.url}/stats`)).body.upstreams.counter.workers.sessions).toBe(1);
  });
});

describe('the table of conversations', () => {
  const key = (id: string, principal = 'local') => ({ id, principal });
  const signalOf = (conversations: ReturnType<typeof createConversations>, id: string, principal?: string) =>
    conversations.within(key(id, principal), async ({ ended }) => ended);

  test('has one for each id and principal, and gives up the one that is idle for longest', async () => {
    const conversations = createConversations({ max: 2, idleMs: 60_000 });
    const [a, b] = [await signalOf(conversations, 'a'), await signalOf(conversations, 'b')];
    expect(await signalOf(conversations, 'a')).toBe(a);
    const others = await signalOf(conversations, 'a', 'somebody else');
    expect(others).not.toBe(a);
    expect([a, b, others].map(({ aborted }) => aborted)).toEqual([false, true, false]);
    const held = Promise.withResolvers<void>();
    const both = ['a', 'c'].map((id) => conversations.within(key(id), () => held.promise));
    await expect(signalOf(conversations, 'd')).rejects.toMatchObject({ code: 'unavailable' });
    held.resolve();
    await Promise.all(both);
    conversations.close();
    expect(a.aborted).toBe(true);
  });

  test('ends one that is idle for long', async () => {
    const conversations = createConversations({ max: 2, idleMs: 50 });
    const ended = await signalOf(conversations, 'a');
    await until(() => ended.aborted);
    expect(await signalOf(conversations, 'a')).not.toBe(ended);
    conversations.close();
  });
});
