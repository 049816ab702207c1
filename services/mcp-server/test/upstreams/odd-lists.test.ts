import { describe, expect, jest, test } from '@jest/globals';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import type { Era } from '../conformance/fixture.ts';
import { areAllUp, checksOf, startHub } from '../mesh-of-tests.ts';
import { type OddAnswers, Refusal, serveOdd } from '../odd-server.ts';

jest.setTimeout(60_000);

const OBJECT = { type: 'object' };
const GOOD = { name: 'good', description: 'Works.', inputSchema: { type: 'object', properties: {} } };
const defectsOf = async (hub: TestedService, upstream = 'odd') =>
  (await request(`${hub.url}/stats`)).body.upstreams[upstream].defects ?? [];

/** Starts a hub before the odd server, and waits for its lists. */
async function startOdd(url: string) {
  const hub = await startHub({ odd: { url } });
  await until(async () => (await request(`${hub.url}/stats`)).body.upstreams.odd.status === 'up');
  return hub;
}

/** Connects as a client of 2025 that checks every field, and refuses a whole list for one that is wrong. */
async function openStrict(hub: TestedService): Promise<OldClient> {
  const client = new OldClient({ name: 'strict', version: '1' });
  await client.connect(new OldTransport(new URL(`${hub.url}/mcp`)));
  endWithTest({ stop: () => client.close() });
  return client;
}

/** Returns the tools of the odd server as a strict client lists them. */
async function toolsSeen(hub: TestedService) {
  const { tools } = await (await openStrict(hub)).listTools();
  return tools.filter(({ name }) => name !== 'search_tools' && name !== 'call_tool');
}

const MENDED: readonly [string, object, object][] = [
  [
    'null fields',
    { title: null, description: null, outputSchema: null, annotations: null, _meta: null, icons: null },
    {},
  ],
  ['hints that are not clear', { annotations: { readOnlyHint: 'yes', destructiveHint: null } }, { annotations: {} }],
  ['no schema', { inputSchema: undefined }, { inputSchema: OBJECT }],
  ['a null schema', { inputSchema: null }, { inputSchema: OBJECT }],
  ['an empty schema', { inputSchema: {} }, { inputSchema: OBJECT }],
  ['an empty list for a schema', { inputSchema: [] }, { inputSchema: OBJECT }],
  ['a choice of schemas', { inputSchema: { anyOf: [OBJECT] } }, { inputSchema: { anyOf: [OBJECT], type: 'object' } }],
  ['several types', { inputSchema: { type: ['object', 'null'] } }, { inputSchema: OBJECT }],
  [
    'properties that are no schemas',
    { inputSchema: { type: 'object', properties: { a: null, b: { type: 'string' } }, required: [1, 'b'] } },
    { inputSchema: { type: 'object', properties: { a: {}, b: { type: 'string' } }, required: ['b'] } },
  ],
  [
    'an empty list of properties',
    { inputSchema: { type: 'object', properties: [] } },
    { inputSchema: { type: 'object', properties: {} } },
  ],
  ['a title that is a number', { title: 7, description: ['a'] }, {}],
  [
    'icons without an address',
    { icons: [{}, { src: 'https://a.example/i.png', sizes: '48x48' }] },
    { icons: [{ src: 'https://a.example/i.png', sizes: ['48x48'] }] },
  ],
  ['an output schema of text', { outputSchema: 'none' }, {}],
  ['odd execution', { execution: { taskSupport: 'maybe' } }, { execution: {} }],
];

const LEFT_OUT: readonly [string, unknown, RegExp][] = [
  ['null', null, /must be an object; is null/],
  ['a name that is a number', { name: 7, inputSchema: OBJECT }, /name: must be text; is 7/],
  ['no name', { inputSchema: OBJECT }, /name: must be text; is nothing/],
  [
    'a schema of text',
    { name: 'odd', inputSchema: { type: 'string' } },
    /inputSchema: type: must be "object"; is "string"/,
  ],
  [
    'a schema that is text',
    { name: 'odder', inputSchema: 'object' },
    /inputSchema: must be a JSON Schema of an object/,
  ],
];

describe.each(['modern', 'legacy'] satisfies Era[])('a server of the %s era', (era) => {
  test('keeps its tools when some are not as MCP has them: what is clear is mended', async () => {
    const tools = MENDED.map(([, fields], at) => ({ name: `odd_${at}`, inputSchema: OBJECT, ...fields }));
    const { url } = await serveOdd(era, { 'tools/list': () => ({ tools: [...tools, GOOD] }) });
    const hub = await startOdd(url);
    const listed = await toolsSeen(hub);
    expect(listed.map(({ name }) => name)).toEqual([...tools.map(({ name }) => name), 'good']);
    for (const [at, [, , expected]] of MENDED.entries()) {
      const { _meta, ...tool } = Object(listed[at]);
      expect(tool).toEqual({ name: `odd_${at}`, inputSchema: OBJECT, ...expected });
    }
    const defects = await defectsOf(hub);
    expect(defects.map(({ name }: { name: string }) => name)).toEqual(tools.map(({ name }) => name));
    expect(defects[1]).toEqual({
      kind: 'tool',
      name: 'odd_1',
      action: 'mended',
      reason: expect.stringContaining('readOnlyHint: must be true or false; is "yes"'),
    });
    expect(await areAllUp(hub)).toBe(true);
    expect(hub.log).toContainEqual(expect.objectContaining({ level: 'warn', upstream: 'odd', mended: MENDED.length }));
  });

  test('loses only the tools that cannot be offered, each with its reason', async () => {
    const { url } = await serveOdd(era, {
      'tools/list': () => ({ tools: [GOOD, ...LEFT_OUT.map(([, tool]) => tool)] }),
    });
    const hub = await startOdd(url);
    expect(await toolsSeen(hub)).toMatchObject([GOOD]);
    const defects: { action: string; reason: string }[] = await defectsOf(hub);
    expect(defects.map(({ action }) => action)).toEqual(LEFT_OUT.map(() => 'left_out'));
    for (const [at, [, , reason]] of LEFT_OUT.entries()) expect(defects[at]?.reason).toMatch(reason);
    expect((await checksOf(hub))['odd']).toMatchObject({
      status: 'degraded',
      detail: expect.stringContaining('left out'),
    });
  });

  const EVERYTHING = { tools: {}, prompts: {}, resources: {} };
  const WHOLE: OddAnswers = {
    'tools/list': () => ({ tools: [GOOD] }),
    'prompts/list': () => ({
      prompts: [{ name: 'ask', arguments: [{ name: 'a', required: null }, {}], description: null }],
    }),
    'resources/list': () => ({
      resources: [{ uri: 'memo://a', name: null, size: 'big', annotations: { priority: 7 } }, { uri: 'memo' }, {}],
    }),
    'resources/templates/list': () => ({ resourceTemplates: [{ uriTemplate: 'memo://{id}', mimeType: null }] }),
  };

  test('keeps its prompts, resources and templates, too', async () => {
    const { url } = await serveOdd(era, WHOLE, EVERYTHING);
    const hub = await startOdd(url);
    const client = await openStrict(hub);
    expect((await client.listPrompts()).prompts).toEqual([{ name: 'ask', arguments: [{ name: 'a' }] }]);
    expect((await client.listResources()).resources).toEqual([{ uri: 'memo://a', name: 'memo://a', annotations: {} }]);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates).toEqual([{ uriTemplate: 'memo://{id}', name: 'memo://{id}' }]);
    expect(await defectsOf(hub)).toHaveLength(5);
  });

  const refuse = () => {
    throw new Refusal(-32_000, 'backend needs login');
  };
  test.each([
    ['prompts/list', refuse, /backend needs login/],
    ['resources/list', () => null, /a result that is no object/],
    ['resources/templates/list', () => ({ resourceTemplates: null }), /without a list/],
    ['prompts/list', ({ cursor = 0 }) => ({ prompts: [], nextCursor: Number(cursor) + 1 }), /more than 1000 pages/],
    ['prompts/list', () => ({ prompts: [{ name: 'ask' }], nextCursor: 'again' }), /circle/],
  ] satisfies [string, OddAnswers[string], RegExp][])(
    'loses %s alone when that fails',
    async (method, answer, reason) => {
      const { url } = await serveOdd(era, { ...WHOLE, [method]: answer }, EVERYTHING);
      const hub = await startOdd(url);
      expect(await toolsSeen(hub)).toMatchObject([GOOD]);
      const stats = (await request(`${hub.url}/stats`)).body.upstreams.odd;
      expect(stats).toMatchObject({ status: 'up', tools: 1 });
      expect(stats.defects).toContainEqual({
        kind: 'list',
        name: method,
        action: 'left_out',
        reason: expect.stringMatching(reason),
      });
      expect((await checksOf(hub))['odd']).toMatchObject({
        status: 'degraded',
        detail: expect.stringContaining(method),
      });
    },
  );

  test('has its tools when it does not declare them', async () => {
    const { url } = await serveOdd(era, WHOLE, {});
    const hub = await startOdd(url);
    expect(await toolsSeen(hub)).toMatchObject([GOOD]);
    expect(await defectsOf(hub)).toMatchObject([{ kind: 'list', action: 'mended' }]);
  });

  test('may give its tools on many pages', async () => {
    const page = ({ cursor = '0' }: { cursor?: unknown }) => {
      const at = Number(cursor);
      return { tools: [{ ...GOOD, name: `tool_${at}` }], nextCursor: at < 149 ? String(at + 1) : null };
    };
    const { url } = await serveOdd(era, { 'tools/list': page });
    const hub = await startOdd(url);
    expect((await request(`${hub.url}/stats`)).body.upstreams.odd).toMatchObject({ status: 'up', tools: 150 });
  });
});
