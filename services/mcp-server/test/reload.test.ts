import { renameSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { hub as service } from '../src/service.ts';
import { call, MAIN, sayer, serveUpstream, writeMesh } from './mesh-of-tests.ts';

async function startWith(mcpServers: object) {
  const path = writeMesh(mcpServers);
  const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: path }));
  return { hub, path, edit: (next: object) => writeFileSync(path, JSON.stringify({ mcpServers: next })) };
}

const namesOf = async ({ url }: TestedService): Promise<string[]> =>
  (await request(`${url}/tools`)).body.tools.map(({ name }: { name: string }) => name);
const hasLogged = (hub: TestedService, text: string) => () => JSON.stringify(hub.log).includes(text);

describe('an edit of mesh.json', () => {
  test('adds, changes and removes upstreams without dropping a call', async () => {
    const [one, two] = [await serveUpstream([sayer('alpha')]), await serveUpstream([sayer('beta')])];
    const { hub, edit } = await startWith({ one: { url: `${one.url}/mcp` } });
    const running = call(hub, 'alpha', { ms: 1_500, word: 'kept' });
    const inPrefix = { one: { url: `${one.url}/mcp`, prefix: 'p_' }, two: { url: `${two.url}/mcp` } };
    edit(inPrefix);
    await until(async () => (await namesOf(hub)).join(' ') === 'p_alpha beta');
    expect((await running).body.structured_content).toEqual({ said: 'kept' });
    expect((await call(hub, 'beta')).status).toBe(200);

    edit({ two: { url: `${two.url}/mcp` }, three: { url: `${one.url}/mcp`, disabled: true } });
    await until(async () => (await namesOf(hub)).join(' ') === 'beta');
    expect((await call(hub, 'p_alpha')).status).toBe(404);
    expect((await request(`${hub.url}/ready`)).body.checks).toEqual({ two: { status: 'ok' } });
    expect((await request(`${hub.url}/metrics`)).body).not.toContain('mcp_upstream_up{upstream="one"}');
  });

  test('that is bad changes nothing and says why, and a good one after it is applied', async () => {
    const [one, two] = [await serveUpstream([sayer('alpha')]), await serveUpstream([sayer('alpha'), sayer('beta')])];
    const { hub, path, edit } = await startWith({ one: { url: `${one.url}/mcp` } });
    writeFileSync(path, '{"mcpServers": {');
    await until(hasLogged(hub, 'not valid JSON'));
    edit({ one: { url: 'nonsense' } });
    await until(hasLogged(hub, 'mcpServers.one.url'));
    edit({ one: { url: `${one.url}/mcp` }, two: { url: `${two.url}/mcp` } });
    await until(hasLogged(hub, '\\"alpha\\" is offered by one and by two'));
    expect(await namesOf(hub)).toEqual(['alpha']);
    expect((await call(hub, 'alpha')).status).toBe(200);
    edit({ one: { url: `${one.url}/mcp` }, two: { url: `${two.url}/mcp`, exclude: ['alpha'] } });
    await until(async () => (await namesOf(hub)).join(' ') === 'alpha beta');
  });

  test('is seen when an editor replaces the file, and asked for by SIGHUP', async () => {
    const one = await serveUpstream([sayer('alpha'), sayer('beta')]);
    const path = writeMesh({ one: { url: `${one.url}/mcp` } });
    const hub = endWithTest(await startServiceProcess(MAIN, { MESH_CONFIG: path }));
    const only = (name: string) => JSON.stringify({ mcpServers: { one: { url: `${one.url}/mcp`, include: [name] } } });
    writeFileSync(`${path}.new`, only('beta'));
    renameSync(`${path}.new`, path);
    await until(async () => (await namesOf(hub)).join(' ') === 'beta');
    writeFileSync(path, only('alpha'));
    hub.kill('SIGHUP');
    await until(async () => (await namesOf(hub)).join(' ') === 'alpha');
    expect((await call(hub, 'beta')).status).toBe(404);
  });
});
