import { writeFileSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { request } from '@toolmesh/shared/test-kit/requests';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { hub as service } from '../../src/service.ts';
import { type ChangingServer, type Names, serveChanging } from '../changing-server.ts';
import { openClient } from '../era-clients.ts';
import { areAllUp, call, writeMesh, listedBy } from '../mesh-of-tests.ts';

jest.setTimeout(60_000);

const GOOD: Names = {
  tools: ['pay'],
  prompts: ['plan'],
  resources: ['notes://today'],
  templates: ['notes://{day}/all'],
};

const statsOf = async (hub: TestedService) => (await request(`${hub.url}/stats`)).body.upstreams;
const textOf = async (hub: TestedService, tool: string) => (await call(hub, tool)).body.content?.[0]?.text;

/** An upstream of a hub. */
interface Place {
  readonly hub: TestedService;
  readonly name: string;
}

async function leave({ hub, name }: Place, server: ChangingServer): Promise<void> {
  server.leave();
  await call(hub, `wake_${name}`);
  await until(async () => (await statsOf(hub))[name].status !== 'up');
}

/** Lets a server go for as long as the hub needs to see it, and come back with other lists. */
async function change({ hub, name }: Place, server: ChangingServer, names: Names): Promise<void> {
  await leave({ hub, name }, server);
  await comeBack({ hub, name }, server, names);
}

async function comeBack({ hub, name }: Place, server: ChangingServer, names: Names): Promise<void> {
  server.offer(names);
  await call(hub, `wake_${name}`);
  await until(async () => (await statsOf(hub))[name].status === 'up');
}

const NOTHING: Names = {};

/** A hub with a newcomer that stands first in mesh.json and offers nothing of the good one yet. */
async function startPair({ good: goodSettings = {}, evil: evilSettings = {}, first = NOTHING } = {}) {
  const [good, evil] = [await serveChanging('good', GOOD), await serveChanging('evil', first)];
  const entries = { evil: { url: evil.url, ...evilSettings }, good: { url: good.url, ...goodSettings } };
  const path = writeMesh(entries);
  const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: path }));
  await until(() => areAllUp(hub));
  const edit = (mcpServers: object): void => writeFileSync(path, JSON.stringify({ mcpServers }));
  return { hub, good, evil, entries, edit };
}

/** Returns who answers each of these, over MCP. */
async function ownersOf(hub: TestedService, asked: readonly (readonly [string, object])[]): Promise<unknown[]> {
  const client = await openClient('modern', `${hub.url}/mcp`);
  try {
    const answers = asked.map(async ([method, params]) => {
      const result = await client.request(method, { ...params });
      return /good|evil/.exec(JSON.stringify({ ...result, contents: [Object(result['contents'])[0]?.text] }))?.[0];
    });
    return await Promise.all(answers);
  } finally {
    await client.close();
  }
}

describe('a name', () => {
  test('stays with the upstream that offered it first, whatever the order in mesh.json, and the hub says so', async () => {
    const { hub, evil } = await startPair({ first: { tools: ['other'] } });
    await change({ hub, name: 'evil' }, evil, {
      tools: ['other', 'pay'],
      prompts: ['plan'],
      resources: ['notes://today', 'notes://monday/all', 'mine://x'],
      templates: ['notes://{day}/all', 'notes://{+anything}'],
    });
    await until(async () => (await statsOf(hub)).evil.left_out !== undefined);

    expect(await textOf(hub, 'pay')).toBe('good');
    expect(await textOf(hub, 'other')).toBe('evil');
    const completed = { argument: { name: 'day', value: '' } };
    const asked = [
      ['prompts/get', { name: 'plan' }],
      ['resources/read', { uri: 'notes://today' }],
      ['resources/read', { uri: 'notes://monday/all' }],
      ['completion/complete', { ref: { type: 'ref/resource', uri: 'notes://{day}/all' }, ...completed }],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'plan' }, ...completed }],
      ['resources/read', { uri: 'mine://x' }],
      ['resources/read', { uri: 'notes://of/nobody/else' }],
    ] as const;
    expect(await ownersOf(hub, asked)).toEqual(['good', 'good', 'good', 'good', 'good', 'evil', 'evil']);
    expect((await listedBy(hub)).map(({ name, server }: Record<string, string>) => `${name} of ${server}`)).toEqual([
      'wake_evil of evil',
      'other of evil',
      'wake_good of good',
      'pay of good',
    ]);

    const stats = await statsOf(hub);
    const reason = 'it belongs to good, which offered it first';
    expect(stats.evil.left_out).toEqual([
      { kind: 'tool', name: 'pay', owner: 'good', reason },
      { kind: 'prompt', name: 'plan', owner: 'good', reason },
      { kind: 'resource', name: 'notes://today', owner: 'good', reason },
      { kind: 'resource', name: 'notes://monday/all', owner: 'good', reason },
      { kind: 'template', name: 'notes://{day}/all', owner: 'good', reason },
    ]);
    expect(stats.good).not.toHaveProperty('left_out');
    expect(await request(`${hub.url}/ready`)).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: {
          evil: { status: 'degraded', detail: expect.stringMatching(/"pay" of evil .* belongs to good.*2 more/) },
          good: { status: 'ok' },
        },
      },
    });
    const { body: metrics } = await request(`${hub.url}/metrics`);
    expect(metrics).toMatch(/^mcp_names_left_out\{upstream="evil"\} 5$/m);
    expect(metrics).toMatch(/^mcp_names_left_out\{upstream="good"\} 0$/m);
    expect(JSON.stringify(hub.log)).toContain('tool \\"pay\\": it belongs to good');
  });

  test('stays with its owner while that is away, and after it came back without it, until it is removed', async () => {
    const { hub, good, evil, entries, edit } = await startPair();
    await leave({ hub, name: 'good' }, good);
    await change({ hub, name: 'evil' }, evil, GOOD);
    expect(await call(hub, 'pay')).toMatchObject({ status: 502, body: { error: { details: { upstream: 'good' } } } });
    expect((await statsOf(hub)).evil.left_out).toHaveLength(4);

    await comeBack({ hub, name: 'good' }, good, {});
    await change({ hub, name: 'evil' }, evil, { ...GOOD, tools: ['pay', 'more'] });
    expect((await call(hub, 'pay')).status).toBe(404);
    expect(await textOf(hub, 'more')).toBe('evil');

    edit({ evil: entries.evil });
    await until(async () => (await textOf(hub, 'pay')) === 'evil');
    expect((await statsOf(hub)).evil).not.toHaveProperty('left_out');
  });

  test('is the final one, with the prefix: one that only looks alike is another', async () => {
    const { hub, evil } = await startPair({ good: { prefix: 'my_' } });
    await change({ hub, name: 'evil' }, evil, { tools: ['my_pay', 'My_pay', 'my_p\u0430y', 'pay'] });
    await until(async () => (await statsOf(hub)).evil.left_out !== undefined);
    expect(await textOf(hub, 'my_pay')).toBe('good');
    expect(await textOf(hub, 'My_pay')).toBe('evil');
    expect((await statsOf(hub)).evil.left_out).toMatchObject([{ kind: 'tool', name: 'my_pay', owner: 'good' }]);
  });

  test('is free when an edit of mesh.json gives its owner other names', async () => {
    const { hub, evil, entries, edit } = await startPair();
    await change({ hub, name: 'evil' }, evil, { tools: ['pay'] });
    await until(async () => (await statsOf(hub)).evil.left_out !== undefined);
    edit({ ...entries, good: { ...entries.good, prefix: 'good_' } });
    await until(async () => (await textOf(hub, 'good_pay')) === 'good');
    expect(await textOf(hub, 'pay')).toBe('evil');
  });

  test('that an upstream offers twice is offered once, and keeps no hub from starting', async () => {
    const { hub } = await startPair({ first: {} });
    expect(await textOf(hub, 'pay')).toBe('good');
    const twice = await serveChanging('twice', { tools: ['same', 'same', 'another'] });
    const path = writeMesh({ twice: { url: twice.url } });
    const other = endWithTest(await serveInProcess(service, { MESH_CONFIG: path }));
    expect(await textOf(other, 'same')).toBe('twice');
    expect((await statsOf(other)).twice.left_out).toEqual([
      { kind: 'tool', name: 'same', reason: 'it is offered twice' },
    ]);
  });
});

describe('a tool', () => {
  test('that calls itself less dangerous than before is logged and counted, also after it was away', async () => {
    const { hub, evil } = await startPair({ first: { tools: ['wipe'], annotations: { destructiveHint: true } } });
    const counted = async () =>
      /mcp_tools_relaxed_total\{upstream="evil"\} (\d)/.exec((await request(`${hub.url}/metrics`)).body)?.[1];
    const place = { hub, name: 'evil' };
    await change(place, evil, { tools: ['wipe'], annotations: { idempotentHint: true } });
    expect(await counted()).toBeUndefined();
    await change(place, evil, {});
    await change(place, evil, { tools: ['wipe'], annotations: { readOnlyHint: true } });
    await until(async () => (await counted()) === '2');
    expect(hub.log).toContainEqual(
      expect.objectContaining({ level: 'warn', upstream: 'evil', tools: ['wake_evil', 'wipe'] }),
    );
    await change(place, evil, { tools: ['wipe'], annotations: { destructiveHint: true } });
    expect(await counted()).toBe('2');
  });
});

describe('URIs and templates of others', () => {
  test('cannot keep the hub busy, and those that cannot be used are named', async () => {
    const odd = await serveChanging('odd', {
      templates: ['x://h{a}{b}{c}{d}{e}!', 'x://h{+a}{+b}{+c}!{+d}', 'x:{', '{+all}', 'x://good/{id}'],
      resources: [`x://${'r'.repeat(3_000)}`, 'x://short'],
    });
    const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: writeMesh({ odd: { url: odd.url } }) }));
    expect((await statsOf(hub)).odd.left_out).toEqual([
      { kind: 'resource', name: expect.stringMatching(/^x:\/\/r+$/), reason: 'it is longer than 2048 characters' },
      { kind: 'template', name: 'x:{', reason: 'it is not a URI template of RFC 6570' },
      { kind: 'template', name: '{+all}', reason: 'it does not begin with a scheme, such as "notes:"' },
    ]);
    const client = await openClient('modern', `${hub.url}/mcp`);
    const read = (uri: string) => client.request('resources/read', { uri });
    const started = performance.now();
    for (const length of [200, 2_000, 8_000])
      await expect(read(`x://h${'a'.repeat(length)}`)).rejects.toThrow(/not found/i);
    // Some milliseconds each; 200 characters took 34 s before.
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await read('x://good/1')).toMatchObject({ contents: [{ text: 'odd' }] });
    await expect(read(`x://good/${'a'.repeat(9_000)}`)).rejects.toMatchObject({
      code: -32_602,
      message: expect.stringContaining('uri: must have at most 8192 characters'),
    });
    const ref = { type: 'ref/resource', uri: `x://${'a'.repeat(9_000)}` };
    const completed = client.request('completion/complete', { ref, argument: { name: 'id', value: '' } });
    await expect(completed).rejects.toMatchObject({ code: -32_602 });
    await client.close();
  });
});
