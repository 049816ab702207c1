import { expect, jest, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createMcpClient } from '@toolmesh/shared/mcp/client/mcp-client';
import { quietContext } from '@toolmesh/shared/kit/tools/tool';
import type { Era } from './conformance/fixture.ts';
import { openClient } from './era-clients.ts';
import { call, startHub } from './mesh-of-tests.ts';
import { serveOdd } from './odd-server.ts';

jest.setTimeout(120_000);

const ERAS = ['modern', 'legacy'] satisfies Era[];
const VIDEO = { type: 'video', url: 'https://a.example/v' };
const NULLS = { annotations: null, _meta: null };
const ODD = {
  content: [{ type: 'text', text: 'a', ...NULLS }, VIDEO, { type: 'image' }, null],
  structuredContent: null,
  isError: null,
  _meta: null,
};
const IN_WORDS = [
  { type: 'text', text: expect.stringContaining('"image"') },
  { type: 'text', text: expect.stringContaining('null') },
];
const TOLD = { type: 'text', text: expect.stringMatching(/"video".*a\.example/) };
const PROMPT = { messages: [{ role: 'user', content: VIDEO }], description: null, _meta: null };
const READ = { contents: [{ uri: 'memo://a', text: 'a', mimeType: null }], _meta: null };

/** Starts a hub before a server of an era whose results all are odd. */
async function startOdd(era: Era) {
  const answers = {
    'tools/list': () => ({ tools: [{ name: 'odd', inputSchema: { type: 'object' } }] }),
    'tools/call': () => ODD,
    'prompts/list': () => ({ prompts: [{ name: 'ask' }] }),
    'prompts/get': () => PROMPT,
    'resources/list': () => ({ resources: [{ uri: 'memo://a', name: 'a' }] }),
    'resources/read': () => READ,
  };
  const { url } = await serveOdd(era, answers, { tools: {}, prompts: {}, resources: {} });
  const hub = await startHub({ odd: { url } });
  await until(async () => (await request(`${hub.url}/stats`)).body.upstreams.odd.status === 'up');
  return hub;
}

test.each(ERAS)('odd results of a server of the %s era reach callers of REST, streams included', async (era) => {
  const hub = await startOdd(era);
  const result = {
    tool: 'odd',
    is_error: false,
    content: [{ type: 'text', text: 'a' }, VIDEO, ...IN_WORDS],
    duration_ms: expect.any(Number),
  };
  expect(await call(hub, 'odd')).toMatchObject({ status: 200, body: result });
  const streamed = await post(`${hub.url}/tools/odd/stream`, { arguments: {} });
  const last = /event: result\ndata: (.*)\n/.exec(streamed.body)?.[1] ?? '';
  expect(JSON.parse(last)).toEqual({ status: 'success', data: result });
});

test.each(ERAS.flatMap((era) => ERAS.map((client) => [era, client] as const)))(
  'odd results of a server of the %s era reach clients of the %s era, which check every field',
  async (era, clientEra) => {
    const hub = await startOdd(era);
    const client = await openClient(clientEra, `${hub.url}/mcp`);
    const called = await client.request('tools/call', { name: 'odd', arguments: {} });
    expect(called['content']).toMatchObject([{ type: 'text', text: 'a' }, TOLD, ...IN_WORDS]);
    expect(called).not.toHaveProperty('isError', null);
    const prompt = await client.request('prompts/get', { name: 'ask' });
    expect(prompt['messages']).toMatchObject([{ role: 'user', content: TOLD }]);
    const read = await client.request('resources/read', { uri: 'memo://a' });
    expect(read['contents']).toEqual([{ uri: 'memo://a', text: 'a' }]);
    await client.close();
  },
);

test('odd results reach the chat service', async () => {
  const hub = await startOdd('legacy');
  const client = createMcpClient({ name: 'The hub', url: `${hub.url}/mcp`, idleTimeoutMs: 30_000 });
  const { content } = await client.callTool('odd', {}, quietContext(new AbortController().signal));
  expect(content).toMatchObject([{ type: 'text', text: 'a' }, TOLD, ...IN_WORDS]);
  await client.close();
});
