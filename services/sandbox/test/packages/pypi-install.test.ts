import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { portOf } from '@toolmesh/shared/kit/http/listen';
import { afterAll, expect, test } from '@jest/globals';
import { LONG_AGO, startIndex } from './fixtures/index-server.ts';
import { openPackages, openTestIndex, signal } from './fixtures/setup.ts';
import { makeWheel } from './fixtures/wheel.ts';

const PYTHON = '/usr/bin/python3';
const run = promisify(execFile);

/** A proxy that notes where it should go, and does not go there. */
async function startProxy(tunnels: string[]) {
  const server = createServer((req, res) => {
    tunnels.push(new URL(req.url ?? '').host);
    res.writeHead(502).end();
  });
  server.on('connect', (req, socket) => {
    tunnels.push(req.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${portOf(server)}`, stop: async () => void server.close() };
}

const { index, packages, hasty, install, close } = await openTestIndex('pypi');
afterAll(close);

test('installs a wheel and what it needs, so that Python imports both', async () => {
  index.addWheels('zqcore', [{ version: '1.0' }, { version: '1.1' }]);
  index.addWheels('zqapp', [{ version: '2.0', requires: ['zqcore>=1.0', 'zqnone; python_version < "3"'] }]);
  const result = await install('ZQApp');
  expect(result).toMatchObject({
    status: 'installed',
    name: 'zqapp',
    version: '2.0',
    dependencies: [{ name: 'zqcore', version: '1.1' }],
  });
  expect(result.output).toContain('zqcore 1.1');
  const layer = await packages.layerFor('pypi', ['zqapp'], signal);
  const program =
    'import sys; sys.path.insert(0, sys.argv[1]); import zqapp, zqcore; print(zqapp.__version__, zqcore.__version__)';
  const { stdout } = await run(PYTHON, ['-I', '-S', '-B', '-c', program, String(layer.directory)]);
  expect(stdout).toBe('2.0 1.1\n');
  expect((await packages.list()).map(({ name }) => name)).toEqual(expect.arrayContaining(['zqapp', 'zqcore']));
});

test('gives each request its exact version, and an extra what it needs', async () => {
  index.addWheels('zqextra', [
    { version: '1.0', extras: ['all'], requires: ['zqmore; extra == "all"'] },
    { version: '2.0' },
  ]);
  index.addWheels('zqmore', [{ version: '0.1' }]);
  expect(await install('zqextra[all]', '1.0')).toMatchObject({
    status: 'installed',
    version: '1.0',
    dependencies: [{ name: 'zqmore', version: '0.1' }],
  });
  expect(await install('zqextra', '9.9')).toMatchObject({ status: 'failed', reason: { code: 'not_found' } });
});

test('reads an index that speaks only HTML', async () => {
  index.addWheels('zqhtml', [{ version: '1.0' }], { asHtml: true });
  expect(await install('zqhtml')).toMatchObject({ status: 'installed', version: '1.0' });
  index.addWheels('zqhtmlquarantine', [{ version: '1.0' }], { asHtml: true, status: 'quarantined' });
  expect(await install('zqhtmlquarantine')).toMatchObject({ status: 'blocked', reason: { code: 'blocked' } });
});

test('asks the index nothing when the same is wanted again, also after a restart', async () => {
  const own = await startIndex();
  own.addWheels('zqagain', [{ version: '1.0' }]);
  const first = await openPackages(own);
  const layer = await first.layerFor('pypi', ['zqagain==1.0'], signal);
  await own.stop();
  expect(await first.layerFor('pypi', ['zqagain==1.0'], signal)).toEqual(layer);
  const second = await openPackages(own, { directory: first.directory });
  expect(await second.layerFor('pypi', ['zqagain==1.0'], signal)).toEqual(layer);
  expect(await second.install({ name: 'zqagain', version: '1.0', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'already_installed',
    version: '1.0',
  });
  expect(own.requests.filter((path) => path.startsWith('/simple/zqagain'))).toHaveLength(1);
});

test('installs once for two identical requests at the same time', async () => {
  index.addWheels('zqtwice', [{ version: '1.0' }]);
  const before = index.requests.length;
  const results = await Promise.all([install('zqtwice'), install('zqtwice')]);
  expect(results.map(({ status }) => status)).toEqual(['installed', 'installed']);
  expect(index.requests.slice(before).filter((path) => path.endsWith('.whl'))).toHaveLength(1);
});

test('never runs a source distribution: without a wheel there is nothing to install', async () => {
  index.pypi.set('zqsource', { files: [{ filename: 'zqsource-1.0.tar.gz', content: Buffer.from('not even read') }] });
  expect(await install('zqsource')).toMatchObject({ status: 'failed', reason: { code: 'no_wheel' } });
  index.addWheels('zqalien', [{ version: '1.0', tag: 'cp39-cp39-win_amd64' }]);
  expect(await install('zqalien')).toMatchObject({ status: 'failed', reason: { code: 'no_wheel' } });
  expect(index.requests.filter((path) => path.endsWith('.tar.gz'))).toEqual([]);
});

const HOSTILE_WHEELS = [
  { what: 'a .pth file', files: [{ name: 'zqevil.pth', content: 'import os' }], code: 'suspicious' },
  {
    what: 'a .pth file that .data puts there',
    files: [{ name: 'zqhostile-1.0.data/purelib/x.pth', content: 'import os' }],
    code: 'suspicious',
  },
  { what: 'sitecustomize', files: [{ name: 'sitecustomize.py', content: 'evil' }], code: 'suspicious' },
  {
    what: 'a package usercustomize',
    files: [{ name: 'usercustomize/__init__.py', content: 'evil' }],
    code: 'suspicious',
  },
  { what: 'a path that leads out', files: [{ name: '../../evil.py', content: 'evil' }], code: 'suspicious' },
  { what: 'an absolute path', files: [{ name: '/etc/cron.d/evil', content: 'evil' }], code: 'suspicious' },
  { what: 'a path with backslashes', files: [{ name: 'a\\..\\..\\evil.py', content: 'evil' }], code: 'suspicious' },
  { what: 'a link', files: [{ name: 'link', content: '/etc/passwd', mode: 0o120777 }], code: 'suspicious' },
  { what: 'a device', files: [{ name: 'device', content: '', mode: 0o020666 }], code: 'suspicious' },
  {
    what: 'the same path twice',
    files: [
      { name: 'a.py', content: '1' },
      { name: 'a.py', content: '2' },
    ],
    code: 'suspicious',
  },
  {
    what: 'a script called pip',
    files: [{ name: 'zqhostile-1.0.data/scripts/pip3', content: 'evil' }],
    code: 'suspicious',
  },
  { what: 'a command called python', entryPoints: '[console_scripts]\npython = zqhostile:main\n', code: 'suspicious' },
  { what: 'a bomb', files: [{ name: 'bomb', content: Buffer.alloc(40 * 1_024 ** 2) }], code: 'too_large' },
  { what: 'a file that it does not list', record: (lines: readonly string[]) => lines.slice(1), code: 'hash_mismatch' },
  {
    what: 'a listed file that is missing',
    record: (lines: readonly string[]) => [...lines, 'gone.py,sha256=x,1'],
    code: 'hash_mismatch',
  },
  {
    what: 'a file that is not the listed one',
    record: (lines: readonly string[]) => lines.map((line) => line.replace('sha256=', 'sha256=A')),
    code: 'hash_mismatch',
  },
  {
    what: 'a requirement from another address in a folded line',
    requires: ['zqfoundation\n  @ file:///tmp/zqfoundation-1.0.tar.gz'],
    code: 'suspicious',
  },
  {
    what: 'a requirement from another address',
    requires: ['zqcore @ http://127.0.0.1:9/zqcore-1.0.tar.gz'],
    code: 'suspicious',
  },
];

test.each(HOSTILE_WHEELS.map((wheel, at) => ({ name: `zqhostile${at}`, ...wheel })))(
  'refuses a wheel with $what',
  async ({ name, what: _, code, ...parts }) => {
    index.addWheels(name, [{ version: '1.0', ...parts }]);
    expect(await install(name)).toMatchObject({ reason: { code } });
    expect((await packages.list()).filter((item) => item.name === name)).toEqual([]);
  },
);

test('refuses two versions of one package at once', async () => {
  await expect(packages.layerFor('npm', ['zqpartner@1.0.0', 'zqpartner@2.0.0'], signal)).rejects.toMatchObject({
    code: 'invalid_arguments',
    details: [{ path: 'packages.0', code: 'invalid_version' }],
  });
  await expect(packages.layerFor('pypi', [], signal)).rejects.toMatchObject({ code: 'invalid_arguments' });
});

test('refuses an install as busy when more installs wait than may', async () => {
  index.misbehaving.set('zqstuck', 'slow');
  const busy = await openPackages(index, { maxParallel: 1, maxWaiting: 1, pageTimeoutMs: 1_000 });
  const caller = new AbortController();
  const asked = ['zqstuck', 'zqwaits', 'zqtoomany'].map((name) =>
    busy.install({ name, ecosystem: 'pypi' }, caller.signal),
  );
  await expect(asked[2]).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 10 });
  caller.abort(new Error('gone'));
  await expect(asked[0]).rejects.toThrow('gone');
  await expect(asked[1]).rejects.toThrow('gone');
  // What has begun goes on to its end; what has not is dropped, and then the places are free again.
  expect(await busy.install({ name: 'zqwaits', ecosystem: 'pypi' }, signal)).toMatchObject({
    reason: { code: 'not_found' },
  });
});

test.each([
  ['http', 'pypi.invalid'],
  ['https', 'pypi.invalid:443'],
])('goes out to %s through the proxy that it is given, and by no other way', async (scheme, asked) => {
  const tunnels: string[] = [];
  const server = await startProxy(tunnels);
  const proxied = await openPackages(
    { pipIndexUrl: `${scheme}://pypi.invalid/simple`, npmRegistry: `${scheme}://npm.invalid` },
    { proxy: { http: server.url, https: server.url } },
  );
  const result = await proxied.check({ name: 'zqproxied', ecosystem: 'pypi' }, signal);
  expect(result).toMatchObject({ reason: { code: 'index_unreachable' } });
  expect(tunnels).toEqual([asked]);
  await server.stop();
});

test('names which of several packages it refuses', async () => {
  await expect(packages.layerFor('pypi', ['zqpartner', 'crypto-locker'], signal)).rejects.toMatchObject({
    code: 'invalid_arguments',
    details: [{ path: 'packages.1', code: 'blocked' }],
  });
});

test('refuses what is not a wheel at all, and what is not the file that the index named', async () => {
  index.pypi.set('zqtorn', { files: [{ filename: 'zqtorn-1.0-py3-none-any.whl', content: Buffer.from('PK torn') }] });
  expect(await install('zqtorn')).toMatchObject({ reason: { code: 'suspicious' } });
  const wheel = makeWheel({ name: 'zqother', version: '1.0' });
  index.pypi.set('zqother', { files: [{ ...wheel, sha256: 'a'.repeat(64) }] });
  expect(await install('zqother')).toMatchObject({ status: 'failed', reason: { code: 'hash_mismatch' } });
});

test('refuses an archive, a layer and a store that are too large', async () => {
  index.addWheels('zqbig', [
    { version: '1.0', files: [{ name: 'zqbig/data', content: crypto.getRandomValues(Buffer.alloc(60_000)) }] },
  ]);
  const tooLarge = { status: 'failed', reason: { code: 'too_large' } };
  const request = { name: 'zqbig', ecosystem: 'pypi' } as const;
  const small = await openPackages(index, { archiveLimits: { archiveBytes: 50_000 } });
  expect(await small.install(request, signal)).toMatchObject(tooLarge);
  const few = await openPackages(index, { archiveLimits: { entries: 2 } });
  expect(await few.install(request, signal)).toMatchObject(tooLarge);
  const full = await openPackages(index, { maxStoreBytes: 50_000 });
  expect(await full.install(request, signal)).toMatchObject(tooLarge);
  for (let at = 0; at < 6; at += 1)
    index.addWheels(`zqchain${at}`, [{ version: '1.0', requires: [`zqchain${at + 1}`] }]);
  const short = await openPackages(index, { resolverLimits: { packages: 2 } });
  expect(await short.install({ name: 'zqchain0', ecosystem: 'pypi' }, signal)).toMatchObject(tooLarge);
});

test('refuses yanked and quarantined releases, and takes the ones that still stand', async () => {
  const [old, bad] = [makeWheel({ name: 'zqyank', version: '1.0' }), makeWheel({ name: 'zqyank', version: '2.0' })];
  index.pypi.set('zqyank', { files: [old, { ...bad, yanked: 'broken' }] });
  expect(await install('zqyank', '2.0')).toMatchObject({ status: 'blocked', reason: { code: 'yanked' } });
  expect(await install('zqyank')).toMatchObject({ status: 'installed', version: '1.0' });
  index.addWheels('zqquarantine', [{ version: '1.0' }], { status: 'quarantined' });
  expect(await install('zqquarantine')).toMatchObject({ status: 'blocked', reason: { code: 'blocked' } });
});

test('holds what a package needs to the same rules', async () => {
  const needing = (name: string, ...requires: string[]) => index.addWheels(name, [{ version: '1.0', requires }]);
  needing('zqneedsbad', '0requests');
  expect(await install('zqneedsbad')).toMatchObject({ status: 'blocked', reason: { code: 'malicious' } });
  index.addWheels('reqeusts', [{ version: '1.0' }]);
  needing('zqneedssquat', 'reqeusts');
  expect(await install('zqneedssquat')).toMatchObject({ reason: { code: 'typosquat', did_you_mean: 'requests' } });
  needing('zqneedsblocked', 'crypto_locker');
  expect(await install('zqneedsblocked')).toMatchObject({ status: 'blocked', reason: { code: 'blocked' } });
  needing('zqneedsnothing', 'zqdoesnotexist');
  expect(await install('zqneedsnothing')).toMatchObject({ status: 'failed', reason: { code: 'not_found' } });
  index.addWheels('litellm', [{ version: '1.82.6' }, { version: '1.82.8' }]);
  needing('zqneedslitellm', 'litellm');
  expect(await install('zqneedslitellm')).toMatchObject({
    status: 'installed',
    dependencies: [{ name: 'litellm', version: '1.82.6' }],
  });
  needing('zqneedsmal', 'litellm==1.82.8');
  expect(await install('zqneedsmal')).toMatchObject({ status: 'blocked', reason: { code: 'malicious' } });
});

test('comes to an end when packages need each other', async () => {
  index.addWheels('zqloopa', [{ version: '1.0', requires: ['zqloopb'] }]);
  index.addWheels('zqloopb', [{ version: '1.0', requires: ['zqloopa'] }]);
  expect(await install('zqloopa')).toMatchObject({ status: 'installed', dependencies: [{ name: 'zqloopb' }] });
});

test('reports versions that do not go together', async () => {
  index.addWheels('zqleft', [{ version: '1.0', requires: ['zqfoundation==1.0'] }]);
  index.addWheels('zqright', [{ version: '1.0', requires: ['zqfoundation==2.0'] }]);
  index.addWheels('zqfoundation', [{ version: '1.0' }, { version: '2.0' }]);
  await expect(packages.layerFor('pypi', ['zqleft', 'zqright'], signal)).rejects.toMatchObject({
    code: 'invalid_arguments',
    details: [{ code: 'install_failed' }],
  });
});

test.each(['error', 'redirect_loop', 'garbage', 'huge'] as const)('reports an index that is %s', async (how) => {
  const name = `zqbad${how.replace('_', '')}`;
  index.misbehaving.set(name, how);
  const code = how === 'huge' ? 'too_large' : 'index_unreachable';
  expect(await install(name)).toMatchObject({ status: 'failed', reason: { code } });
  index.addWheels(`${name}parent`, [{ version: '1.0', requires: [name] }]);
  expect(await install(`${name}parent`)).toMatchObject({ status: 'failed', reason: { code } });
});

test('reports an index that is not there', async () => {
  const gone = await startIndex();
  await gone.stop();
  const alone = await openPackages(gone);
  const request = { name: 'zqgone', ecosystem: 'pypi' } as const;
  expect(await alone.install(request, signal)).toMatchObject({
    status: 'failed',
    reason: { code: 'index_unreachable' },
  });
  expect(await alone.check(request, signal)).toMatchObject({ status: 'failed', reason: { code: 'index_unreachable' } });
  await expect(alone.layerFor('pypi', ['zqgone'], signal)).rejects.toMatchObject({ code: 'upstream_failed' });
});

test('keeps layers read-only, and does not use one that was changed', async () => {
  index.addWheels('zqpoison', [{ version: '1.0' }]);
  const first = await openPackages(index);
  const { directory = '' } = await first.layerFor('pypi', ['zqpoison'], signal);
  const module = join(directory, 'zqpoison', '__init__.py');
  for (const path of [directory, join(directory, 'zqpoison'), module]) expect((await stat(path)).mode & 0o222).toBe(0);
  await chmod(module, 0o644);
  await writeFile(module, 'evil()');
  const second = await openPackages(index, { directory: first.directory });
  expect(await second.layerFor('pypi', ['zqpoison'], signal)).toMatchObject({ directory });
  expect(await readFile(module, 'utf8')).not.toContain('evil');
});

test('goes on when the caller goes away, and leaves nothing unfinished behind', async () => {
  index.misbehaving.set('zqslowpart', 'slow');
  index.addWheels('zqleaver', [{ version: '1.0', requires: ['zqslowpart'] }]);
  const patient = await openPackages(index, { pageTimeoutMs: 2_000 });
  const caller = new AbortController();
  const installing = patient.install({ name: 'zqleaver', ecosystem: 'pypi' }, caller.signal);
  while (!index.requests.includes('/simple/zqslowpart/')) await new Promise((resolve) => setTimeout(resolve, 20));
  caller.abort(new Error('gone'));
  await expect(installing).rejects.toThrow('gone');
  const work = join(patient.directory, 'work');
  while ((await readdir(work)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await patient.list()).toEqual([]);
});

test('takes only pure wheels for the interpreter that is WebAssembly', async () => {
  index.addWheels('zqpure', [{ version: '1.0' }]);
  index.addWheels('zqnative', [{ version: '1.0', tag: 'cp311-cp311-linux_x86_64' }]);
  const wasm = await openPackages(index, { pythonTarget: { version: '3.14', kind: 'wasm' } });
  expect(await wasm.install({ name: 'zqpure', ecosystem: 'pypi' }, signal)).toMatchObject({ status: 'installed' });
  expect(await wasm.install({ name: 'zqnative', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'failed',
    reason: { code: 'no_wheel' },
  });
});

test('waits for an approval of what is new and hardly known', async () => {
  const days = (count: number) => new Date(Date.now() - count * 86_400_000).toISOString();
  const at = (version: string, uploadTime: string) => ({ ...makeWheel({ name: 'zqyoung', version }), uploadTime });
  const needed = { status: 'approval_required', reason: { code: 'suspicious' } };
  index.pypi.set('zqyoung', { files: [at('1.0', days(5)), at('1.1', days(0.1))] });
  expect(await install('zqyoung')).toMatchObject(needed);
  index.pypi.set('zqlone', { files: [{ ...makeWheel({ name: 'zqlone', version: '1.0' }), uploadTime: days(60) }] });
  expect(await install('zqlone')).toMatchObject(needed);
  index.pypi.set('zqsettled', {
    files: [{ ...makeWheel({ name: 'zqsettled', version: '1.0' }), uploadTime: LONG_AGO }],
  });
  expect(await install('zqsettled')).toMatchObject({ status: 'installed' });
});

test('reports an index that does not answer in time', async () => {
  index.misbehaving.set('zqsilent', 'slow');
  expect(await hasty.install({ name: 'zqsilent', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'failed',
    reason: { code: 'index_unreachable', message: expect.stringContaining('within 1000 ms') },
  });
});
