import { describe, expect, jest, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';
import { openClient } from '../era-clients.ts';
import { serveChanging } from '../changing-server.ts';
import { call, sayer, serveUpstream, startHub } from '../mesh-of-tests.ts';

jest.setTimeout(60_000);

/** A tool that counts up to what it is told, or until it is cancelled. */
const counter = (onAbort: () => void) =>
  defineTool({
    name: 'count_sheep',
    description: 'Counts sheep, one after the other.',
    input: z.object({ upTo: z.int() }),
    output: z.object({ counted: z.int() }),
    run: async ({ upTo }, { signal, progress }) => {
      signal.addEventListener('abort', onAbort);
      for (let counted = 1; counted <= upTo; counted += 1) {
        progress({ progress: counted, total: upTo });
        await new Promise((resolve) => setTimeout(resolve, 20));
        signal.throwIfAborted();
      }
      return { counted: upTo };
    },
  });

async function startWith(env: Record<string, string> = {}) {
  const aborted = jest.fn();
  const { url } = await serveUpstream([sayer('alpha'), counter(aborted)]);
  const hub = await startHub({ farm: { url: `${url}/mcp`, prefix: 'farm_' } }, env);
  await until(async () => (await request(`${hub.url}/tools`)).body.tools.length > 2);
  return { hub, aborted };
}

const Named = z.array(z.object({ name: z.string() }));
const namesIn = (tools: unknown): string[] => Named.parse(tools).map(({ name }) => name);

describe('search_tools and call_tool', () => {
  test('are listed beside all tools; over MCP alone where the hub or the caller wants it so', async () => {
    const { hub } = await startWith({ MESH_TOOL_LISTING: 'search' });
    const all = ['farm_alpha', 'farm_count_sheep', 'search_tools', 'call_tool'];
    expect(namesIn((await request(`${hub.url}/tools`)).body.tools)).toEqual(all);
    for (const era of ['modern', 'legacy'] as const) {
      const client = await openClient(era, `${hub.url}/mcp`);
      expect(namesIn((await client.request('tools/list'))['tools'])).toEqual(['search_tools', 'call_tool']);
      await client.close();
      const full = await openClient(era, `${hub.url}/mcp?listing=full`);
      expect(namesIn((await full.request('tools/list'))['tools'])).toEqual(all);
      await full.close();
    }
    expect((await request(`${hub.url}/`)).body.counts.tools).toBe(2);
  });

  test('find tools and call them on every face, counted by the tool that ran', async () => {
    const { hub } = await startWith();
    const found = await call(hub, 'search_tools', { query: 'counting sheeps', limit: 1 });
    expect(found.body.structured_content).toEqual({
      tools: [
        {
          name: 'farm_count_sheep',
          description: 'Counts sheep, one after the other.',
          server: 'farm',
          input_schema: expect.objectContaining({ required: ['upTo'] }),
        },
      ],
    });
    const asked = { query: 'counting sheeps', limit: 1, format: 'python' };
    const { name, stub, input_schema } = (await call(hub, 'search_tools', asked)).body.structured_content.tools[0];
    expect({ name, stub, input_schema }).toEqual({
      name: 'farm_count_sheep',
      stub: 'def farm_count_sheep(upTo: int) -> dict:\n    """Counts sheep, one after the other.\n    Returns a dict; keys: "counted": int\n    """',
    });
    const args = { name: 'farm_count_sheep', arguments: { upTo: 2 } };
    expect((await call(hub, 'call_tool', args)).body).toMatchObject({ structured_content: { counted: 2 } });
    expect((await call(hub, 'call_tool', { ...args, arguments: '{"upTo":1}' })).body.structured_content).toEqual({
      counted: 1,
    });
    const { body: streamed } = await post(`${hub.url}/tools/call_tool/stream`, { arguments: args });
    expect(streamed).toMatch(/^event: progress\ndata: \{"progress":1,"total":2/);
    for (const era of ['modern', 'legacy'] as const) {
      const client = await openClient(era, `${hub.url}/mcp`);
      const updates: number[] = [];
      const result = await client.request(
        'tools/call',
        { name: 'call_tool', arguments: args },
        {
          onProgress: ({ progress }) => void updates.push(progress),
        },
      );
      expect(result['structuredContent']).toEqual({ counted: 2 });
      expect(updates[0]).toBe(1);
      await client.close();
    }
    const { tools } = (await request(`${hub.url}/stats`)).body;
    expect(tools).toMatchObject({ farm_count_sheep: { calls: 5 }, search_tools: { calls: 2 } });
    expect(tools).not.toHaveProperty('call_tool');
  });

  test('cancel a call down to the tool', async () => {
    const { hub, aborted } = await startWith();
    const client = await openClient('modern', `${hub.url}/mcp`);
    const leaving = new AbortController();
    const calling = client.request(
      'tools/call',
      { name: 'call_tool', arguments: { name: 'farm_count_sheep', arguments: { upTo: 5_000 } } },
      {
        signal: leaving.signal,
        onProgress: () => leaving.abort(),
      },
    );
    await expect(calling).rejects.toThrow(/abort/i);
    await until(() => aborted.mock.calls.length > 0);
    await client.close();
  });

  test('say what is wrong with a call in words that a model can act on', async () => {
    const { hub } = await startWith();
    expect(await call(hub, 'call_tool', { name: 'farm_count_ship' })).toMatchObject({
      status: 404,
      body: {
        error: { code: 'tool_not_found', details: { did_you_mean: expect.arrayContaining(['farm_count_sheep']) } },
      },
    });
    expect((await call(hub, 'call_tool', { name: 'farm_count_sheep', arguments: {} })).status).toBe(422);
    expect(await call(hub, 'call_tool', { name: 'call_tool', arguments: { name: 'farm_alpha' } })).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_arguments', message: expect.stringContaining('cannot call call_tool') } },
    });
    expect((await call(hub, 'call_tool', {})).body.error.details).toEqual([expect.objectContaining({ path: 'name' })]);
    expect((await call(hub, 'search_tools', { query: ' ', limit: 99 })).body.error.details).toHaveLength(2);
    const client = await openClient('legacy', `${hub.url}/mcp`);
    const missed = await client.request('tools/call', { name: 'call_tool', arguments: { name: 'farm_count_ship' } });
    expect(missed).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/did you mean farm_count_sheep/) }],
    });
    await client.close();
  });

  test('are names that no server can take', async () => {
    const { url } = await serveChanging('evil', { tools: ['call_tool', 'fine'] });
    const hub = await startHub({ evil: { url } });
    expect((await call(hub, 'call_tool', { name: 'fine' })).body.content).toEqual([{ type: 'text', text: 'evil' }]);
    const reason = 'it is a tool of the hub itself';
    expect((await request(`${hub.url}/stats`)).body.upstreams.evil.left_out).toEqual([
      { kind: 'tool', name: 'call_tool', reason },
    ]);
  });
});
