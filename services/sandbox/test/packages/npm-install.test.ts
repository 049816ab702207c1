import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { openTestIndex, signal, temporaryDirectory } from './fixtures/setup.ts';

const { index, packages, hasty, install, close } = await openTestIndex('npm');
afterAll(close);

test('installs a package and what it needs, so that Node requires both', async () => {
  await index.addNpm('zqleaf', '1.0.0');
  await index.addNpm('zqleaf', '1.2.0');
  await index.addNpm('@zqscope/tree', '2.0.0', { dependencies: { zqleaf: '^1.0.0' } });
  expect(await install('@zqscope/tree')).toMatchObject({
    status: 'installed',
    version: '2.0.0',
    dependencies: [{ name: 'zqleaf', version: '1.2.0' }],
  });
  const { directory } = await packages.layerFor('npm', ['@zqscope/tree@2.0.0', 'zqleaf==1.0.0'], signal);
  const require = createRequire(join(directory ?? '', 'program.js'));
  expect(require('@zqscope/tree')).toBe('2.0.0');
  expect(require('zqleaf')).toBe('1.0.0');
});

test('keeps two versions of one package apart where two others need them', async () => {
  await index.addNpm('zqboth', '1.0.0', { dependencies: { zqleaf: '1.0.0', zqother: '1.0.0' } });
  await index.addNpm('zqother', '1.0.0', { dependencies: { zqleaf: '1.2.0' } }, [
    { name: 'package/leaf.js', content: "module.exports = require('zqleaf');" },
  ]);
  const { directory, packages: held } = await packages.layerFor('npm', ['zqboth'], signal);
  expect(held.filter(({ name }) => name === 'zqleaf').map(({ version }) => version)).toEqual(
    expect.arrayContaining(['1.0.0', '1.2.0']),
  );
  expect(createRequire(join(directory ?? '', 'program.js'))('zqother/leaf.js')).toBe('1.2.0');
});

test('never runs a script of a package', async () => {
  const marker = join(await temporaryDirectory(), 'ran');
  const script = `touch ${marker}`;
  const scripts = { preinstall: script, install: script, postinstall: script, prepare: script };
  await index.addNpm('zqhooks', '1.0.0', { scripts, hasInstallScript: true });
  const result = await install('zqhooks');
  expect(result).toMatchObject({ status: 'installed' });
  expect(result.output).toContain('its scripts preinstall, install, postinstall, prepare were not run');
  expect(existsSync(marker)).toBe(false);
});

test('installs nothing that is optional: that is native code, as a rule', async () => {
  const both = { zqoptional: '1.0.0' };
  await index.addNpm('zqchoosy', '1.0.0', { dependencies: both, optionalDependencies: both });
  expect(await install('zqchoosy')).toMatchObject({ status: 'installed', dependencies: [] });
});

const FOREIGN = [
  'git+https://evil.example/x.git',
  'github:user/repo',
  'user/repo',
  'http://127.0.0.1:9/x.tgz',
  'file:../../etc',
  'link:../x',
  'workspace:*',
  'npm:../x',
  'npm:x@http://evil.example/x.tgz',
];

test.each(FOREIGN.map((range, at) => ({ range, name: `zqforeign${at}` })))(
  'refuses a package that needs $range',
  async ({ range, name }) => {
    await index.addNpm(name, '1.0.0', { dependencies: { zqleaf: range } });
    expect(await install(name)).toMatchObject({ status: 'blocked', reason: { code: 'suspicious' } });
  },
);

test('follows an alias to what it stands for, checked under its own name', async () => {
  await index.addNpm('zqaliased', '1.0.0', { dependencies: { short: 'npm:zqleaf@^1.0.0' } });
  expect(await install('zqaliased')).toMatchObject({ status: 'installed', dependencies: [{ name: 'zqleaf' }] });
  await index.addNpm('zqaliasbad', '1.0.0', { dependencies: { short: 'npm:twilio-npm@*' } });
  expect(await install('zqaliasbad')).toMatchObject({ status: 'blocked', reason: { code: 'malicious' } });
});

const HOSTILE = [
  { what: 'a path that leads out', entries: [{ name: 'package/../../evil.js', content: 'x' }], code: 'suspicious' },
  { what: 'an absolute path', entries: [{ name: '/etc/cron.d/evil', content: 'x' }], code: 'suspicious' },
  {
    what: 'a symbolic link',
    entries: [{ name: 'package/link', type: 'symlink', linkname: '/etc' }],
    code: 'suspicious',
  },
  {
    what: 'a hard link',
    entries: [{ name: 'package/link', type: 'link', linkname: '/etc/passwd' }],
    code: 'suspicious',
  },
  { what: 'a device', entries: [{ name: 'package/device', type: 'character-device' }], code: 'suspicious' },
  { what: 'the same path twice', entries: [{ name: 'package/index.js', content: 'evil' }], code: 'suspicious' },
  {
    what: 'packages of its own',
    entries: [{ name: 'package/node_modules/x/index.js', content: 'x' }],
    code: 'suspicious',
  },
  { what: 'a native module', entries: [{ name: 'package/build/x.node', content: 'ELF' }], code: 'install_failed' },
  { what: 'a native build', entries: [{ name: 'package/binding.gyp', content: '{}' }], code: 'install_failed' },
  { what: 'a bomb', entries: [{ name: 'package/bomb', content: Buffer.alloc(40 * 1_024 ** 2) }], code: 'too_large' },
] as const;

test.each(HOSTILE.map((tarball, at) => ({ name: `zqhostile${at}`, ...tarball })))(
  'refuses a tarball with $what',
  async ({ name, entries, code }) => {
    await index.addNpm(name, '1.0.0', {}, entries);
    expect(await install(name)).toMatchObject({ reason: { code } });
    expect((await packages.list()).filter((item) => item.name === name)).toEqual([]);
  },
);

test('refuses a tarball that is not the one that the registry describes', async () => {
  const wrong = `sha512-${Buffer.alloc(64).toString('base64')}`;
  await index.addNpm('zqwrong', '1.0.0', {}, [], { integrity: wrong });
  expect(await install('zqwrong')).toMatchObject({ status: 'failed', reason: { code: 'hash_mismatch' } });
  await index.addNpm('zqsha1', '1.0.0', {}, [], { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' });
  expect(await install('zqsha1')).toMatchObject({ status: 'failed', reason: { code: 'hash_mismatch' } });
  await index.addNpm('zqmasked', '1.0.0');
  const [release] = index.npm.get('zqmasked') ?? [];
  if (release !== undefined)
    index.npm.set('zqdisguise', [{ ...release, manifest: { name: 'zqdisguise', version: '1.0.0' } }]);
  expect(await install('zqdisguise')).toMatchObject({ status: 'blocked', reason: { code: 'suspicious' } });
});

test('holds what a package needs to the same rules', async () => {
  const needing = (name: string, dependency: string, range = '*') =>
    index.addNpm(name, '1.0.0', { dependencies: { [dependency]: range } });
  await needing('zqneedsbad', 'twilio-npm');
  expect(await install('zqneedsbad')).toMatchObject({ status: 'blocked', reason: { code: 'malicious' } });
  await needing('zqneedssquat', 'lodahs');
  expect(await install('zqneedssquat')).toMatchObject({ reason: { code: 'typosquat', did_you_mean: 'lodash' } });
  await needing('zqneedsnothing', 'zqdoesnotexist');
  expect(await install('zqneedsnothing')).toMatchObject({ status: 'failed', reason: { code: 'not_found' } });
  await index.addNpm('chalk', '5.6.0');
  await index.addNpm('chalk', '5.6.1');
  await needing('zqneedschalk', 'chalk', '^5.0.0');
  expect(await install('zqneedschalk')).toMatchObject({ dependencies: [{ name: 'chalk', version: '5.6.0' }] });
  await needing('zqneedsmal', 'chalk', '5.6.1');
  expect(await install('zqneedsmal')).toMatchObject({ status: 'blocked', reason: { code: 'malicious' } });
});

test('comes to an end when packages need each other', async () => {
  await index.addNpm('zqloopa', '1.0.0', { dependencies: { zqloopb: '1.0.0' } });
  await index.addNpm('zqloopb', '1.0.0', { dependencies: { zqloopa: '1.0.0' } });
  expect(await install('zqloopa')).toMatchObject({ status: 'installed', dependencies: [{ name: 'zqloopb' }] });
});

test.each(['error', 'redirect_loop', 'garbage'] as const)('reports a registry that is %s', async (how) => {
  const name = `zqbad${how.replace('_', '')}`;
  index.misbehaving.set(name, how);
  const unreachable = { status: 'failed', reason: { code: 'index_unreachable' } };
  expect(await install(name)).toMatchObject(unreachable);
  await index.addNpm(`${name}parent`, '1.0.0', { dependencies: { [name]: '*' } });
  expect(await install(`${name}parent`)).toMatchObject(unreachable);
});

test('reports an index that does not answer in time', async () => {
  index.misbehaving.set('zqsilent', 'slow');
  expect(await hasty.install({ name: 'zqsilent', ecosystem: 'npm' }, signal)).toMatchObject({
    status: 'failed',
    reason: { code: 'index_unreachable', message: expect.stringContaining('within 1000 ms') },
  });
});
