import { writeFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { hub as service } from '../../src/service.ts';
import { type Names, serveChanging } from '../changing-server.ts';
import { openClient } from '../era-clients.ts';
import { areAllUp, call, checksOf, startHub, startHubProcess, writeMesh, listedBy } from '../mesh-of-tests.ts';

jest.setTimeout(60_000);

const PAY: Names = { tools: ['pay'], prompts: ['plan'] };
const statsOf = async (hub: TestedService) => (await request(`${hub.url}/stats`)).body.upstreams;
const textOf = async (hub: TestedService, tool: string) => (await call(hub, tool)).body.content?.[0]?.text;

async function startWith(mcpServers: object) {
  const path = writeMesh(mcpServers);
  const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: path }));
  return { hub, edit: (next: object) => writeFileSync(path, JSON.stringify({ mcpServers: next })) };
}

describe('two upstreams that offer one name', () => {
  test('stop the start whenever the slower one answers first, and the error names both and the cure', async () => {
    const [one, two] = [await serveChanging('one', PAY), await serveChanging('two', PAY)];
    two.hold();
    const hub = await startHubProcess({ one: { url: one.url }, two: { url: two.url } });
    expect(await textOf(hub, 'pay')).toBe('one');
    two.offer(PAY);
    expect(await hub.exited).toMatchObject({ code: 78 });
    const problem = expect.stringContaining('"pay" is offered by one and by two: give one of them a "prefix"');
    expect(hub.log).toContainEqual(expect.objectContaining({ level: 'fatal', problem }));
  });

  test.each([
    ['at once', false, 'slow'],
    ['late', true, 'fast'],
  ])('share an edit out by the order of mesh.json when the first answers %s', async (_when, isLate, firstOwner) => {
    const [slow, fast] = [await serveChanging('slow', PAY), await serveChanging('fast', { tools: ['pay', 'more'] })];
    const { hub, edit } = await startWith({});
    if (isLate) slow.hold();
    edit({ slow: { url: slow.url }, fast: { url: fast.url } });
    await until(async () => (await textOf(hub, 'more')) === 'fast');
    expect(await textOf(hub, 'pay')).toBe(firstOwner);
    slow.offer(PAY);
    await until(async () => (await textOf(hub, 'pay')) === 'slow');
    const reason = 'it belongs to slow, which comes first in mesh.json';
    const { fast: loser, slow: winner } = await statsOf(hub);
    expect(loser.left_out).toEqual([{ kind: 'tool', name: 'pay', owner: 'slow', reason }]);
    expect(winner).not.toHaveProperty('left_out');
    expect((await checksOf(hub))['fast']).toMatchObject({
      status: 'degraded',
      detail: expect.stringContaining(reason),
    });
    expect(hub.log).toContainEqual(
      expect.objectContaining({ level: 'error', upstream: 'fast', problems: [`tool "pay": ${reason}`] }),
    );
  });

  test('start with the one that does not give way, whoever is first and whenever it answers', async () => {
    const [own, official] = [
      await serveChanging('own', { tools: ['pay', 'more'] }),
      await serveChanging('official', PAY),
    ];
    official.hold();
    const { hub } = await startWith({ own: { url: own.url, fallback: true }, official: { url: official.url } });
    expect(await textOf(hub, 'pay')).toBe('own');
    official.offer(PAY);
    await until(async () => (await textOf(hub, 'pay')) === 'official');
    expect(await textOf(hub, 'more')).toBe('own');
    expect(await checksOf(hub)).toEqual({ own: { status: 'ok' }, official: { status: 'ok' } });
    expect((await statsOf(hub)).own).not.toHaveProperty('left_out');
  });
});

describe('a name that the hub had to change', () => {
  const foreign: Names = {
    tools: ['日本語ツール', 'über.list', 'admin.tools.list', 'ok', ''],
    prompts: ['größe/eins'],
  };

  test('is readable, keeps the original as its title, and is called by it on every face', async () => {
    const { url } = await serveChanging('far', foreign);
    const hub = await startHub({ far: { url } });
    const tools = await listedBy(hub);
    const shown = tools.map(({ name, title }: Record<string, string>) => [name, title]);
    expect(shown).toEqual([
      ['wake_far', undefined],
      [expect.stringMatching(/^tool_[0-9a-f]{8}$/), '日本語ツール'],
      [expect.stringMatching(/^uber_list_[0-9a-f]{8}$/), 'über.list'],
      [expect.stringMatching(/^admin_tools_list_[0-9a-f]{8}$/), 'admin.tools.list'],
      ['ok', undefined],
      [expect.stringMatching(/^tool_[0-9a-f]{8}$/), undefined],
    ]);
    for (const name of ['日本語ツール', 'über.list', 'admin.tools.list', shown[2][0]]) {
      const { status, body } = await call(hub, encodeURIComponent(name));
      expect([status, body.content?.[0]?.text]).toEqual([200, 'far']);
    }
    for (const era of ['modern', 'legacy'] as const) {
      const client = await openClient(era, `${hub.url}/mcp`);
      const called = await client.request('tools/call', { name: 'admin.tools.list', arguments: {} });
      expect(called['structuredContent']).toEqual({ said: 'far', name: 'admin.tools.list' });
      expect((await client.request('prompts/list'))['prompts']).toEqual([
        { name: expect.stringMatching(/^gro_e_eins_[0-9a-f]{8}$|^große_eins/), title: 'größe/eins' },
      ]);
      expect(await client.request('prompts/get', { name: 'größe/eins' })).toHaveProperty('messages');
      await client.close();
    }
  });

  test('is nobody’s alone when two upstreams give it', async () => {
    const [one, two] = [await serveChanging('one', foreign), await serveChanging('two', foreign)];
    const hub = await startHub({ one: { url: one.url, prefix: 'a_' }, two: { url: two.url, prefix: 'b_' } });
    await until(() => areAllUp(hub));
    const { status, body } = await call(hub, 'admin.tools.list');
    expect(status).toBe(404);
    expect(body.error.details.did_you_mean).toContainEqual(expect.stringMatching(/^[ab]_admin_tools_list_/));
    expect(await textOf(hub, 'b_admin.tools.list')).toBe('two');
  });
});

describe('overrides in mesh.json', () => {
  test('give tools other names and texts, for listing and for calling', async () => {
    const { url } = await serveChanging('notes', { tools: ['create', 'keep'], annotations: { readOnlyHint: true } });
    const create = {
      name: 'new_note',
      title: 'New note',
      description: 'Writes a note.',
      annotations: { readOnlyHint: false },
    };
    const overrides = { create, gone: { title: 'No tool' } };
    const { hub, edit } = await startWith({ notes: { url, prefix: 'n_', overrides } });
    const tools = await listedBy(hub);
    expect(tools.map(({ name }: { name: string }) => name)).toEqual(['n_wake_notes', 'new_note', 'n_keep']);
    expect(tools[1]).toMatchObject({
      title: 'New note',
      description: 'Writes a note.',
      annotations: { readOnlyHint: false },
    });
    expect((await call(hub, 'new_note')).body.structured_content).toEqual({ said: 'notes', name: 'create' });
    for (const name of ['create', 'n_create']) {
      expect(await call(hub, name)).toMatchObject({ status: 404, body: { error: { code: 'tool_not_found' } } });
    }
    expect((await statsOf(hub)).notes.warnings).toEqual(['overrides.gone: notes has no tool of this name']);
    edit({ notes: { url } });
    await until(async () => (await textOf(hub, 'create')) === 'notes');
    expect((await call(hub, 'new_note')).status).toBe(404);
    expect((await statsOf(hub)).notes).not.toHaveProperty('warnings');
  });
});

describe('a tool that runs only as a task', () => {
  test('says so in its description, and when it is called', async () => {
    const { url } = await serveChanging('long', {
      tools: ['research'],
      fields: { execution: { taskSupport: 'required' } },
    });
    const hub = await startHub({ long: { url } });
    const tools = await listedBy(hub);
    expect(tools[1].description).toMatch(/only as a task/);
    expect(await call(hub, 'research')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', message: expect.stringMatching(/research runs only as a task/) } },
    });
    const client = await openClient('legacy', `${hub.url}/mcp`);
    const result = await client.request('tools/call', { name: 'research', arguments: {} });
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/only as a task/) }] });
    await client.close();
  });
});
