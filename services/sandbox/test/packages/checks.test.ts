import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { ESTABLISHED, WELL_KNOWN } from './fixtures/established.ts';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { popularNames } from '../../src/packages/policy/popular-names.ts';
import { cleanUp, openPackages, signal, type TestPackages } from './fixtures/setup.ts';
import { makeTarball } from './fixtures/tarball.ts';
import { makeWheel } from './fixtures/wheel.ts';

let index: IndexServer;
let packages: TestPackages;
beforeAll(async () => {
  index = await startIndex();
  packages = await openPackages(index);
});
afterAll(async () => {
  await cleanUp();
  await index.stop();
});

const check = (ecosystem: Ecosystem, name: string, version?: string) =>
  packages.check({ name, ecosystem, ...(version === undefined ? {} : { version }) }, signal);

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

/** Puts a package on the index that has so many releases, the first one so many days old. */
async function publish(ecosystem: Ecosystem, name: string, count: number, days: number): Promise<void> {
  const versions = Array.from({ length: count }, (_, at) => `1.${at}.0`);
  if (ecosystem === 'pypi') {
    const files = versions.map((version) => ({ ...makeWheel({ name, version }), uploadTime: daysAgo(days) }));
    index.pypi.set(name, { files });
    return;
  }
  const tarball = await makeTarball({ name, version: '1.0.0' });
  index.npm.set(
    name,
    versions.map((version) => ({ manifest: { name, version }, tarball, time: daysAgo(days) })),
  );
}

test.each([
  ['a shell command', 'requests; rm -rf /'],
  ['an option', '--index-url=http://evil.example'],
  ['a short option', '-r'],
  ['a repository', 'git+https://evil.example/x.git'],
  ['a path', './local'],
  ['an absolute path', '/etc/passwd'],
  ['an address', 'https://evil.example/x-1.0-py3-none-any.whl'],
  ['a direct reference', 'pkg @ file:///tmp/x'],
  ['options after the name', 'name[extra]==1.0 --hash=sha256:00'],
  ['a marker', 'name; python_version > "3"'],
  ['letters that look like others', 'rеquests'],
  ['full-width letters', 'ｒequests'],
  ['an invisible letter', 'six\u200b'],
  ['a trailing dot', 'six.'],
  ['a leading dash', '-six'],
  ['nothing', ''],
  ['a space', ' '],
  ['a line break', 'six\nevil'],
  ['a null', 'six\0'],
  ['10 KB', 'a'.repeat(10_000)],
  ['101 letters', 'a'.repeat(101)],
  ['an open extra', 'name[extra'],
  ['an extra that is none', 'name[../x]'],
  ['too many extras', `name[${Array.from({ length: 40 }, (_, at) => `e${at}`).join(',')}]`],
])('refuses %s as a name for PyPI, without asking the index', async (_what, name) => {
  const before = index.requests.length;
  expect(await check('pypi', name)).toMatchObject({ status: 'blocked', reason: { code: 'invalid_name' } });
  expect(await packages.install({ ecosystem: 'pypi', name }, signal)).toMatchObject({
    reason: { code: 'invalid_name' },
  });
  expect(index.requests).toHaveLength(before);
});

test.each([
  ['a path out of a scope', '@a/../../b'],
  ['an alias', 'npm:lodash@1'],
  ['an address', 'https://evil.example/x.tgz'],
  ['a repository', 'user/repo'],
  ['a repository of a host', 'github:user/repo'],
  ['a file', 'file:../x'],
  ['a scope alone', '@scope'],
  ['an empty scope', '@/x'],
  ['an extra', 'lodash[x]'],
  ['encoded slashes', '@a%2f..%2fb'],
  ['letters that look like others', 'lоdash'],
])('refuses %s as a name for npm, without asking the registry', async (_what, name) => {
  const before = index.requests.length;
  expect(await check('npm', name)).toMatchObject({ status: 'blocked', reason: { code: 'invalid_name' } });
  expect(index.requests).toHaveLength(before);
});

test.each([
  ...['1.0; os_name', '1.0 --pre', '', 'v', '../1', 'file:x', `1.${'0'.repeat(99)}`].map(
    (version): [Ecosystem, string] => ['pypi', version],
  ),
  ...['npm:x@1.0.0', 'https://x/y.tgz'].map((version): [Ecosystem, string] => ['npm', version]),
])('refuses for %s the version "%s"', async (ecosystem, version) => {
  const before = index.requests.length;
  expect(await check(ecosystem, 'zqname', version)).toMatchObject({
    status: 'blocked',
    reason: { code: 'invalid_version' },
  });
  expect(index.requests).toHaveLength(before);
});

test.each([
  ['pypi', 'zqranges', undefined, '3.0.0'],
  ['pypi', 'zqranges==1.5.0', undefined, '1.5.0'],
  ['pypi', 'zqranges >= 1.0, < 2', undefined, '1.9.0'],
  ['pypi', 'zqranges~=1.5.0', undefined, '1.5.2'],
  ['pypi', 'zqranges!=3.0.0', undefined, '2.0.0'],
  ['pypi', 'zqranges===1.5.0', undefined, '1.5.0'],
  ['pypi', 'ZQranges[extra]>=2', undefined, '3.0.0'],
  ['pypi', 'zqranges', '<2', '1.9.0'],
  ['pypi', 'zqranges', '==1.*', '1.9.0'],
  ['pypi', 'zqranges', 'latest', '3.0.0'],
  ['npm', 'zqranges@^1.5.0', undefined, '1.9.0'],
  ['npm', 'zqranges@1.5', undefined, '1.5.2'],
  ['npm', 'zqranges', '~1.5.0', '1.5.2'],
  ['npm', 'zqranges', 'v1.5.0', '1.5.0'],
  ['npm', 'zqranges', '>=1 <3', '2.0.0'],
  ['npm', 'zqranges', '1.x || 2.0.0', '2.0.0'],
  ['npm', 'zqranges>=1,<2', undefined, '1.9.0'],
  ['npm', 'zqranges@latest', undefined, '3.0.0'],
  ['npm', '@zqscope/ranges@<2', undefined, '1.9.0'],
] as const)('understands, of %s, %s with the version %s', async (ecosystem, name, version, expected) => {
  for (const release of ['1.5.0', '1.5.2', '1.9.0', '2.0.0', '3.0.0']) {
    if (ecosystem === 'npm' && !index.npm.get('zqranges')?.some(({ manifest }) => manifest.version === release)) {
      await index.addNpm('zqranges', release);
      await index.addNpm('@zqscope/ranges', release);
    }
  }
  index.addWheels(
    'zqranges',
    ['1.5.0', '1.5.2', '1.9.0', '2.0.0', '3.0.0'].map((release) => ({ version: release })),
  );
  expect(await check(ecosystem, name, version)).toMatchObject({ status: 'allowed', version: expected });
});

test('names the newest release where none is in the range', async () => {
  index.addWheels('zqranged', [{ version: '1.0' }, { version: '1.1' }]);
  expect(await check('pypi', 'zqranged>=2')).toMatchObject({
    status: 'failed',
    reason: { code: 'not_found', message: 'There is no zqranged >=2 on the index; the newest is 1.1' },
  });
});

test('compares names with the policy however they are written, in both ecosystems', async () => {
  for (const name of [
    'crypto-locker',
    'Crypto_Locker',
    'crypto..locker',
    'CRYPTO-_-LOCKER',
    'system',
    'snake',
    'pythonapi',
  ]) {
    for (const ecosystem of ['pypi', 'npm'] as const) {
      expect(await check(ecosystem, name)).toMatchObject({ status: 'blocked', reason: { code: 'blocked' } });
    }
  }
  for (const name of ['requests', 'Requests', 'urllib3', 'cryptography', 'crypto', 'socket', 'subprocess']) {
    expect(await check('pypi', name)).toMatchObject({ status: 'approval_required', reason: { code: 'suspicious' } });
  }
});

test('knows malicious versions by their advisories, and lets the good ones of the same package pass', async () => {
  index.addWheels('litellm', [{ version: '1.82.6' }, { version: '1.82.8' }]);
  expect(await check('pypi', 'litellm', '1.82.8')).toMatchObject({
    status: 'blocked',
    reason: { code: 'malicious', message: expect.stringContaining('MAL-2026-2144') },
  });
  expect(await check('pypi', 'LiteLLM', '1.82.8.0')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('pypi', 'litellm', '1.82.6')).toMatchObject({ status: 'allowed' });
  expect(await check('pypi', 'litellm')).toMatchObject({ status: 'allowed', version: '1.82.6' });
  expect(await check('pypi', '0requests')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('npm', '@ctrl/tinycolor', '4.1.2')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('npm', 'twilio-npm', '1.0.0')).toMatchObject({ reason: { code: 'malicious' } });
  await index.addNpm('chalk', '5.6.0');
  await index.addNpm('chalk', '5.6.1');
  expect(await check('npm', 'chalk')).toMatchObject({ status: 'allowed', version: '5.6.0' });
});

test('takes names like those of objects for what they are', async () => {
  for (const ecosystem of ['pypi', 'npm'] as const) {
    for (const name of ['constructor', 'hasOwnProperty', 'toString', 'prototype']) {
      expect(['not_found', 'typosquat']).toContain((await check(ecosystem, name)).reason?.code);
    }
  }
});

const SQUATS: readonly [Ecosystem, string, string][] = [
  ['pypi', 'reqeusts', 'requests'],
  ['pypi', 'request', 'requests'],
  ['pypi', 'requestss', 'requests'],
  ['pypi', 'requets', 'requests'],
  ['pypi', 'requests3', 'requests'],
  ['pypi', 'python-requests', 'requests'],
  ['pypi', 'py-requests', 'requests'],
  ['pypi', 'numpi', 'numpy'],
  ['pypi', 'nurnpy', 'numpy'],
  ['pypi', 'djnago', 'django'],
  ['pypi', 'pandsa', 'pandas'],
  ['pypi', 'python-dateutils', 'python-dateutil'],
  ['pypi', 'pythondateutil', 'python-dateutil'],
  ['pypi', 'dateutil-python', 'python-dateutil'],
  ['pypi', 'ur1lib3', 'urllib3'],
  ['pypi', 'urlib3', 'urllib3'],
  ['pypi', 'setup-tools', 'setuptools'],
  ['pypi', 'typing-extension', 'typing-extensions'],
  ['pypi', 'crytpography', 'cryptography'],
  ['pypi', 'matplotlob', 'matplotlib'],
  ['pypi', 'scikit_leran', 'scikit-learn'],
  ['pypi', 'tensorf1ow', 'tensorflow'],
  ['npm', 'lodahs', 'lodash'],
  ['npm', '1odash', 'lodash'],
  ['npm', 'lodash-js', 'lodash'],
  ['npm', 'types-node', '@types/node'],
  ['npm', 'typesnode', '@types/node'],
  ['npm', 'babel-core0', 'babel-core'],
  ['npm', 'expres', 'express'],
  ['npm', 'expresss', 'express'],
  ['npm', 'axois', 'axios'],
  ['npm', 'chalkk', 'chalk'],
  ['npm', 'typescirpt', 'typescript'],
  ['npm', 'node-express', 'express'],
];

test.each(SQUATS)('takes for a typosquat, of %s: %s (%s)', async (ecosystem, name, target) => {
  const squat = { status: 'blocked', reason: { code: 'typosquat', did_you_mean: target } };
  expect(await check(ecosystem, name)).toMatchObject(squat);
  const fresh = name.toLowerCase().replaceAll('_', '-');
  await publish(ecosystem, fresh, 3, 90);
  const later = await openPackages(index);
  expect(await later.check({ ecosystem, name }, signal)).toMatchObject(squat);
});

test('reports that a name which a model made up does not exist', async () => {
  expect(await check('pypi', 'huggingface-cli-toolbox')).toMatchObject({
    status: 'failed',
    reason: { code: 'not_found' },
  });
});

test('does not take established packages for typosquats', async () => {
  for (const ecosystem of ['pypi', 'npm'] as const) {
    const known = WELL_KNOWN[ecosystem].map((name) => [name, 1, 10] as const);
    for (const [name, count, days] of [...ESTABLISHED[ecosystem], ...known]) {
      await publish(ecosystem, name, count, days);
      expect(await check(ecosystem, name)).toMatchObject({ name, status: 'allowed' });
    }
  }
});

test('lets a package pass that is two letters from a well-known one and has a history', async () => {
  await publish('pypi', 'matplotlox', 12, 800);
  expect(await check('pypi', 'matplotlox')).toMatchObject({ status: 'allowed' });
  await publish('pypi', 'matplotlix', 12, 100);
  expect(await check('pypi', 'matplotlix')).toMatchObject({
    reason: { code: 'typosquat', did_you_mean: 'matplotlib' },
  });
});

test('checks a name in less than 5 ms of processor time, the mean of many', async () => {
  await check('npm', 'warm-up-of-the-lists');
  const names = Array.from({ length: 40 }, (_, at) => `reqeust${at}-somethin-else`.slice(0, 8 + at));
  const { findResemblance } = popularNames('npm');
  const before = process.cpuUsage();
  for (const name of names) findResemblance(name);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000 / names.length).toBeLessThan(5);
});

test('knows what the registry removed for malicious code', async () => {
  await index.addNpm('zqheld', '0.0.1-security');
  expect(await check('npm', 'zqheld')).toMatchObject({ status: 'blocked', reason: { code: 'malicious' } });
});
