import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import type { TestedService } from '@toolmesh/shared/test-kit/tested-service';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { hub as service } from '../src/service.ts';
import { call, checksOf, MAIN, sayer, serveUpstream, writeMesh, listedBy } from './mesh-of-tests.ts';

async function startWith(mcpServers: object) {
  const path = writeMesh(mcpServers);
  const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: path }));
  return { hub, path, edit: (next: object) => writeFileSync(path, JSON.stringify({ mcpServers: next })) };
}

const namesOf = async (hub: TestedService): Promise<string[]> =>
  (await listedBy(hub)).map(({ name }: { name: string }) => name);
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

  test('that is bad for one entry stops that one alone, until it is corrected', async () => {
    const [one, two] = [await serveUpstream([sayer('alpha')]), await serveUpstream([sayer('beta')])];
    const { hub, edit } = await startWith({ one: { url: `${one.url}/mcp` }, two: { url: `${two.url}/mcp` } });
    const running = call(hub, 'beta', { ms: 1_000, word: 'kept' });
    edit({ one: { url: 'nonsense' }, two: { url: `${two.url}/mcp` } });
    await until(async () => (await checksOf(hub))['one']?.status === 'degraded');
    expect((await checksOf(hub))['one']?.detail).toContain('mcpServers.one.url: must be an http or https URL');
    expect(await namesOf(hub)).toEqual(['beta']);
    expect((await running).body.structured_content).toEqual({ said: 'kept' });
    edit({ one: { url: `${one.url}/mcp` }, two: { url: `${two.url}/mcp` } });
    await until(async () => (await namesOf(hub)).join(' ') === 'alpha beta');
  });

  test('that is bad as a whole changes nothing and says why, and a good one after it is applied', async () => {
    const [one, two] = [await serveUpstream([sayer('alpha')]), await serveUpstream([sayer('alpha'), sayer('beta')])];
    const { hub, path, edit } = await startWith({ one: { url: `${one.url}/mcp` } });
    writeFileSync(path, '{"mcpServers": {');
    await until(hasLogged(hub, 'not valid JSON: line 1, column 17: expected }'));
    expect(await namesOf(hub)).toEqual(['alpha']);
    edit({ one: { url: `${one.url}/mcp` }, two: { url: `${two.url}/mcp`, exclude: ['alpha'] } });
    await until(async () => (await namesOf(hub)).join(' ') === 'alpha beta');
  });

  test('may be one of the variables that it names', async () => {
    const one = await serveUpstream([sayer('alpha')]);
    const path = writeMesh({ one: { url: '${ONE_URL}/mcp' } });
    const env = join(mkdtempSync(join(tmpdir(), 'env-')), '.env');
    const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: path, MESH_ENV_FILE: env }));
    expect((await checksOf(hub))['one']?.detail).toContain('${ONE_URL}: this variable is not set');
    writeFileSync(env, `ONE_URL=${one.url}\n`);
    await until(async () => (await namesOf(hub)).join(' ') === 'alpha');
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

  test('is seen when Kubernetes swaps the folder behind the links of a ConfigMap, again and again', async () => {
    const one = await serveUpstream([sayer('alpha'), sayer('beta'), sayer('gamma')]);
    const folder = mkdtempSync(join(tmpdir(), 'config-map-'));
    const only = (name: string) => JSON.stringify({ mcpServers: { one: { url: `${one.url}/mcp`, include: [name] } } });
    /** As the kubelet does it: a new folder, a link to it, which then takes the place of the old link in one step. */
    const swap = (version: string, name: string): void => {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'mesh.json'), only(name));
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    swap('..2026_a', 'alpha');
    symlinkSync('..data/mesh.json', join(folder, 'mesh.json'));
    const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: join(folder, 'mesh.json') }));
    expect(await namesOf(hub)).toEqual(['alpha']);
    swap('..2026_b', 'beta');
    await until(async () => (await namesOf(hub)).join(' ') === 'beta');
    rmSync(join(folder, '..2026_a'), { recursive: true });
    swap('..2026_c', 'gamma');
    await until(async () => (await namesOf(hub)).join(' ') === 'gamma');
  });

  test('is seen where no event tells of it, in the folder that a link leads to', async () => {
    const one = await serveUpstream([sayer('alpha'), sayer('beta')]);
    const text = (name: string) => JSON.stringify({ mcpServers: { one: { url: `${one.url}/mcp`, include: [name] } } });
    const target = writeMesh({ one: { url: `${one.url}/mcp`, include: ['alpha'] } });
    const link = join(mkdtempSync(join(tmpdir(), 'link-')), 'mesh.json');
    symlinkSync(target, link);
    const hub = endWithTest(await serveInProcess(service, { MESH_CONFIG: link }));
    expect(await namesOf(hub)).toEqual(['alpha']);
    writeFileSync(target, text('beta'));
    await until(async () => (await namesOf(hub)).join(' ') === 'beta');
  });
});
