import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAccess } from '@toolmesh/shared/kit/http/access';
import { createApp } from '@toolmesh/shared/kit/http/app';
import { loadConfig, serviceConfig } from '@toolmesh/shared/kit/service/config';
import { listen } from '@toolmesh/shared/kit/http/listen';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { createMetrics } from '@toolmesh/shared/kit/telemetry/metrics';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { toolServiceParts } from '@toolmesh/shared/kit/service/tool-service';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Packages } from '../../src/packages/packages.ts';
import { packageRoutes } from '../../src/packages/routes.ts';
import { packageTools } from '../../src/packages/tools.ts';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, temporaryDirectory } from './fixtures/setup.ts';

let index: IndexServer;
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  index = await startIndex();
});
afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await cleanUp();
  await index.stop();
});

/** Serves packages as the sandbox does. */
async function serve(packages: Packages, adminKey?: string): Promise<string> {
  const config = loadConfig(serviceConfig(0, {}), {});
  const kit = { config, logger: createLogger({ service: 'test', level: 'silent' }), metrics: createMetrics() };
  const parts = toolServiceParts('test', { tools: packageTools(packages) }, kit);
  const access = createAccess(config, { logger: kit.logger });
  const routes = [...packageRoutes(packages, adminKey, access.wrongKeys), ...parts.routes];
  const server = await listen(createApp({ ...parts, routes, service: 'test', access, ...kit }), { port: 0 });
  stops.push(() => server.stop(0));
  return server.url;
}

const KEY = { headers: { 'x-admin-key': 'right' } };
const wanted = { name: 'requests', ecosystem: 'pypi' };

test('installs what needs an approval when it was approved, also after a restart', async () => {
  index.addWheels('requests', [{ version: '2.32.0', requires: ['urllib3'] }]);
  index.addWheels('urllib3', [{ version: '2.0.0' }]);
  const first = await openPackages(index);
  const url = await serve(first, 'right');

  const refused = await post(`${url}/packages/install`, wanted);
  expect(refused.body).toMatchObject({ status: 'approval_required', name: 'requests', reason: { code: 'suspicious' } });
  const { body } = await request(`${url}/packages/approvals`, KEY);
  expect(body.approvals).toEqual([
    {
      id: expect.any(String),
      name: 'requests',
      ecosystem: 'pypi',
      version: '2.32.0',
      requested_at: expect.any(String),
      reason: expect.any(String),
      status: 'pending',
    },
  ]);
  const [{ id }] = body.approvals;
  expect(refused.body.reason.message).toContain(id);

  const second = await openPackages(index, { directory: first.directory });
  const again = await serve(second, 'right');
  expect((await request(`${again}/packages/approvals`, KEY)).body.approvals).toEqual(body.approvals);
  const approved = await post(`${again}/packages/approvals/${id}`, { decision: 'approve' }, KEY);
  expect(approved.body).toMatchObject({ id, status: 'approved', decided_at: expect.any(String) });

  const third = await openPackages(index, { directory: first.directory });
  // What it needs is on the list, too, and asked for under its own name.
  const next = await third.install({ name: 'requests', ecosystem: 'pypi' }, signal);
  expect(next).toMatchObject({ status: 'approval_required', reason: { message: expect.stringContaining('urllib3') } });
  const [pending] = third.approvals.list().filter(({ status }) => status === 'pending');
  await third.approvals.decide(pending?.id ?? '', 'approve');
  expect(await third.install({ name: 'requests', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'installed',
    dependencies: [{ name: 'urllib3', version: '2.0.0' }],
  });
  expect(third.statuses).toEqual(['approval_required', 'installed']);
});

test('blocks what was denied, also when it had been installed before', async () => {
  const packages = await openPackages(index);
  index.addWheels('crypto', [{ version: '1.0' }]);
  const ask = () => packages.install({ name: 'crypto', ecosystem: 'pypi' }, signal);
  await ask();
  const [approval] = packages.approvals.list();
  await packages.approvals.decide(approval?.id ?? '', 'approve');
  expect(await ask()).toMatchObject({ status: 'installed' });
  await packages.approvals.decide(approval?.id ?? '', 'deny');
  expect(await ask()).toMatchObject({ status: 'blocked', reason: { code: 'blocked' } });
  await expect(packages.layerFor('pypi', ['crypto'], signal)).rejects.toMatchObject({
    code: 'invalid_arguments',
    details: [{ path: 'packages.0', code: 'blocked' }],
  });
});

test('keeps an approval of one version to that version', async () => {
  const packages = await openPackages(index);
  index.addWheels('socket', [{ version: '1.0' }, { version: '2.0' }]);
  const ask = (version: string) => packages.install({ name: 'socket', version, ecosystem: 'pypi' }, signal);
  await ask('1.0');
  await ask('1.0');
  expect(packages.approvals.list()).toHaveLength(1);
  await packages.approvals.decide(packages.approvals.list()[0]?.id ?? '', 'approve');
  expect(await ask('1.0')).toMatchObject({ status: 'installed', version: '1.0' });
  expect(await ask('2.0')).toMatchObject({ status: 'approval_required' });
});

test('approves the version that there was, and asks again for the next one, however it arrives', async () => {
  const packages = await openPackages(index);
  index.addWheels('cryptography', [{ version: '1.0' }]);
  index.addWheels('zqneedscryptography', [{ version: '1.0', requires: ['Cryptography[fast]'] }]);
  const ask = (name: string) => packages.install({ name, ecosystem: 'pypi' }, signal);
  expect(await ask('cryptography')).toMatchObject({ status: 'approval_required' });
  const [pending] = packages.approvals.list();
  expect(pending).toMatchObject({ name: 'cryptography', version: '1.0' });
  await packages.approvals.decide(pending?.id ?? '', 'approve');
  expect(await ask('zqneedscryptography')).toMatchObject({ status: 'installed' });

  index.addWheels('cryptography', [{ version: '1.0' }, { version: '2.0' }]);
  const later = await openPackages(index, { directory: packages.directory });
  for (const name of ['Cryptography', 'zqneedscryptography2', 'cryptography[fast]']) {
    index.addWheels('zqneedscryptography2', [{ version: '1.0', requires: ['cryptography'] }]);
    expect(await later.install({ name, ecosystem: 'pypi' }, signal)).toMatchObject({
      status: 'approval_required',
      reason: { message: expect.stringContaining('2.0') },
    });
  }
  expect(later.approvals.list().map(({ version }) => version)).toEqual(['2.0', '1.0']);
});

test('asks for a package of a scope that has the name of a listed one, and for an alias of one', async () => {
  const packages = await openPackages(index);
  await index.addNpm('@zqscope/requests', '1.0.0');
  await index.addNpm('requests', '1.0.0');
  await index.addNpm('zqhidden', '1.0.0', { dependencies: { plain: 'npm:requests@1.0.0' } });
  for (const name of ['@zqscope/requests', 'zqhidden']) {
    const result = await packages.install({ name, ecosystem: 'npm' }, signal);
    expect(result).toMatchObject({
      status: 'approval_required',
      reason: { message: expect.stringMatching(/requests/) },
    });
  }
});

test('asks again for what was approved for all versions, and keeps denying what was denied for all', async () => {
  const directory = await temporaryDirectory();
  const old = (name: string, status: string) => {
    const times = { requested_at: '2026-01-01T00:00:00Z', decided_at: '2026-01-02T00:00:00Z' };
    return { id: name, name, ecosystem: 'pypi', reason: 'listed', status, ...times };
  };
  await writeFile(
    join(directory, 'approvals.json'),
    JSON.stringify([old('socket', 'approved'), old('crypto', 'denied')]),
  );
  const packages = await openPackages(index, { directory });
  index.addWheels('socket', [{ version: '1.0' }]);
  index.addWheels('crypto', [{ version: '1.0' }]);
  expect(await packages.install({ name: 'socket', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'approval_required',
  });
  expect(await packages.install({ name: 'crypto', ecosystem: 'pypi' }, signal)).toMatchObject({ status: 'blocked' });
  expect(packages.approvals.list().map(({ name, version }) => `${name} ${version}`)).toEqual([
    'socket 1.0',
    'crypto undefined',
  ]);
});

test('asks for an approval where the index cannot be asked for a version', async () => {
  const gone = await startIndex();
  await gone.stop();
  const packages = await openPackages(gone);
  expect(await packages.install({ name: 'requests', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'approval_required',
  });
  expect(packages.approvals.list()).toEqual([]);
});

test('asks nobody when a package is only checked', async () => {
  const packages = await openPackages(index);
  expect(await packages.check({ name: 'requests', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'approval_required',
  });
  expect(packages.approvals.list()).toEqual([]);
});

test('slows down who guesses the admin key, and not who has it', async () => {
  const url = await serve(await openPackages(index), 'right');
  const guess = async (key: string) =>
    (await request(`${url}/packages/approvals`, { headers: { 'x-admin-key': key } })).status;
  const statuses: number[] = [];
  for (let i = 0; i < 12; i += 1) statuses.push(await guess(`guess-${i}`));
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 403), 429, 429]);
  expect(await guess('right')).toBe(200);
});

test('decides for nobody without the admin key', async () => {
  const packages = await openPackages(index);
  const [open, closed] = [await serve(packages, 'right'), await serve(packages)];
  const decide = (url: string, init: RequestInit) => post(`${url}/packages/approvals/x`, { decision: 'approve' }, init);
  const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
  expect(await request(`${open}/packages/approvals`)).toMatchObject({
    status: 401,
    body: { error: { code: 'unauthorized' } },
  });
  expect(await request(`${open}/packages/approvals`, bearer('wrong'))).toMatchObject({ status: 403 });
  expect(await request(`${open}/packages/approvals`, bearer('right'))).toMatchObject({
    status: 200,
    body: { approvals: [] },
  });
  expect(await decide(open, {})).toMatchObject({ status: 401 });
  expect(await decide(open, { headers: { 'x-admin-key': '' } })).toMatchObject({ status: 403 });
  expect(await decide(open, KEY)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  for (const init of [{}, KEY, bearer('undefined'), bearer('')]) {
    expect(await request(`${closed}/packages/approvals`, init)).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden' } },
    });
    expect(await decide(closed, init)).toMatchObject({ status: 403 });
  }
});

test('offers the tools, with their refusals as results', async () => {
  index.addWheels('zqtool', [{ version: '1.0' }]);
  const url = await serve(await openPackages(index));
  const call = (tool: string, args: unknown) => post(`${url}/tools/${tool}`, { arguments: args });
  const wantedTool = { name: 'zqtool', ecosystem: 'pypi' };
  expect((await call('check_package', wantedTool)).body).toMatchObject({
    is_error: false,
    structured_content: { status: 'allowed' },
  });
  expect((await call('install_package', wantedTool)).body).toMatchObject({
    is_error: false,
    structured_content: { status: 'installed' },
  });
  expect((await call('install_package', { name: 'snake', ecosystem: 'npm' })).body).toMatchObject({
    is_error: true,
    structured_content: { status: 'blocked', name: 'snake', reason: { code: 'blocked' } },
  });
  expect((await call('list_packages', {})).body.structured_content).toEqual({
    packages: [
      {
        name: 'zqtool',
        version: '1.0',
        ecosystem: 'pypi',
        size_bytes: expect.any(Number),
        installed_at: expect.any(String),
      },
    ],
  });
  expect(await call('install_package', { name: 'six', ecosystem: 'cargo' })).toMatchObject({ status: 422 });
  expect(await post(`${url}/packages/install`, { name: 'six' })).toMatchObject({ status: 400 });
});

test('stops when the file of decisions was damaged, rather than forget them', async () => {
  const packages = await openPackages(index);
  await packages.install({ name: 'requests', ecosystem: 'pypi' }, signal);
  const file = join(packages.directory, 'approvals.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toHaveLength(1);
  await writeFile(file, '[{"id":');
  await expect(openPackages(index, { directory: packages.directory })).rejects.toThrow('approvals.json');
});
