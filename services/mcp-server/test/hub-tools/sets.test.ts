import { writeFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { z } from 'zod';
import { hub as service } from '../../src/service.ts';
import { type Names, serveChanging } from '../changing-server.ts';
import { openClient } from '../era-clients.ts';
import { areAllUp, writeMesh } from '../mesh-of-tests.ts';

jest.setTimeout(60_000);

const GIT: Names = {
  tools: ['git_log', 'git_push'],
  prompts: ['git_plan'],
  resources: ['git://head'],
  templates: ['git://{id}/blob'],
};
const PAY: Names = {
  tools: ['pay', 'refund'],
  prompts: ['plan'],
  resources: ['pay://today'],
  templates: ['pay://{day}/all'],
};

async function startWith(sets: object, more: object = {}) {
  const [git, pay] = [await serveChanging('git', GIT), await serveChanging('pay', PAY)];
  const mcpServers = { git: { url: git.url }, pay: { url: pay.url } };
  const path = writeMesh(mcpServers);
  const write = (next: object, rest: object = {}) =>
    writeFileSync(path, JSON.stringify({ mcpServers, sets: next, ...rest }));
  write(sets, more);
  const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: path }));
  await until(() => areAllUp(hub));
  return { hub, write };
}

const Named = z.array(z.object({ name: z.string(), uriTemplate: z.string().optional() }));
const namesIn = (items: unknown): string[] => Named.parse(items).map(({ name, uriTemplate = name }) => uriTemplate);

describe.each(['modern', 'legacy'] as const)('a set of tools, for a client of the %s era', (era) => {
  test('lists and calls its tools and no others, with the prompts and resources of its servers', async () => {
    const { hub } = await startWith({ dev: { include: ['server:git', 'ref*'], exclude: ['*_push'] } });
    const client = await openClient(era, `${hub.url}/mcp/dev`);
    const list = async (method: string, key: string) => namesIn((await client.request(method))[key]);
    expect(await list('tools/list', 'tools')).toEqual(['wake_git', 'git_log', 'refund', 'search_tools', 'call_tool']);
    expect(await list('prompts/list', 'prompts')).toEqual(['git_plan']);
    expect(await list('resources/list', 'resources')).toEqual(['git://head']);
    expect(await list('resources/templates/list', 'resourceTemplates')).toEqual(['git://{id}/blob']);

    expect(await client.request('tools/call', { name: 'refund', arguments: {} })).toMatchObject({
      content: [{ text: 'pay' }],
    });
    expect(await client.request('resources/read', { uri: 'git://7/blob' })).toMatchObject({
      contents: [{ text: 'git' }],
    });
    const ref = { type: 'ref/resource', uri: 'pay://{day}/all' };
    for (const [method, params] of [
      ['tools/call', { name: 'git_push', arguments: {} }],
      ['tools/call', { name: 'pay', arguments: {} }],
      ['prompts/get', { name: 'plan' }],
      ['resources/read', { uri: 'pay://today' }],
      ['completion/complete', { ref, argument: { name: 'day', value: '' } }],
    ] as const) {
      await expect(client.request(method, params)).rejects.toMatchObject({ code: -32_602 });
    }
    const called = await client.request('tools/call', { name: 'call_tool', arguments: { name: 'pay' } });
    expect(called).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('no tool named "pay"') }],
    });
    const found = await client.request('tools/call', { name: 'search_tools', arguments: { query: 'push pay refund' } });
    expect(namesIn(Object(found['structuredContent']).tools)).toEqual(['refund']);
    await client.close();
  });
});

describe('sets in mesh.json', () => {
  test('choose how much is listed, and what is listed all the same', async () => {
    const { hub } = await startWith(
      { all: {}, lean: { listing: 'search', pinned: ['git_log'] }, usual: { listing: 'search' } },
      { pinned: ['refund'] },
    );
    const listOf = async (path: string) => {
      const client = await openClient('modern', `${hub.url}${path}`);
      const names = namesIn((await client.request('tools/list'))['tools']);
      await client.close();
      return names;
    };
    expect(await listOf('/mcp/all')).toHaveLength(8);
    expect(await listOf('/mcp/lean')).toEqual(['git_log', 'search_tools', 'call_tool']);
    expect(await listOf('/mcp/usual')).toEqual(['refund', 'search_tools', 'call_tool']);
    expect(await listOf('/mcp/lean?listing=full')).toHaveLength(8);
    expect((await request(`${hub.url}/`)).body.sets).toEqual({
      all: '/mcp/all',
      lean: '/mcp/lean',
      usual: '/mcp/usual',
    });
  });

  test('follow an edit, and one that is unknown or wrong is named', async () => {
    const { hub, write } = await startWith({ dev: { include: ['git_*'] }, bad: { includes: [] } });
    expect(hub.log).toContainEqual(
      expect.objectContaining({ warning: expect.stringMatching(/^sets\.bad\.includes: is not known/) }),
    );
    const unknown = await post(`${hub.url}/mcp/dv`, {});
    expect(unknown).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found', details: { did_you_mean: ['dev'] } } },
    });
    expect((await post(`${hub.url}/mcp?listing=some`, {})).status).toBe(400);

    const client = await openClient('legacy', `${hub.url}/mcp/dev`);
    const names = async () => namesIn((await client.request('tools/list'))['tools']);
    expect(await names()).toEqual(['git_log', 'git_push', 'search_tools', 'call_tool']);
    write({ dev: { include: ['pay'] } });
    await until(async () => (await names()).join(' ') === 'pay search_tools call_tool');
    expect(client.notifications).toContainEqual(
      expect.objectContaining({ method: 'notifications/tools/list_changed' }),
    );
    write({});
    await until(async () => (await post(`${hub.url}/mcp/dev`, {})).status === 404);
    await expect(names()).rejects.toThrow(/no set of tools named/);
  });
});
