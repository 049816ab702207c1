import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ARCHIVE_LIMITS } from '../../src/packages/archive/archive.ts';
import { inspectWheel } from '../../src/packages/archive/wheel.ts';
import { refuseForeignModules } from '../../src/packages/names/check-modules.ts';
import { moduleOwners } from '../../src/packages/names/module-owners.ts';
import { loadPolicy } from '../../src/packages/policy/policy.ts';
import { popularNames } from '../../src/packages/policy/popular-names.ts';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, temporaryDirectory, type TestPackages } from './fixtures/setup.ts';
import { makeWheel, type WheelParts } from './fixtures/wheel.ts';

let index: IndexServer;
let packages: TestPackages;
beforeAll(async () => {
  index = await startIndex();
  packages = await openPackages(index, { provided: () => PROVIDED });
});
afterAll(async () => {
  await cleanUp();
  await index.stop();
});

let made = 0;
const PROVIDED = [{ name: 'numpy', version: '2.4.6', modules: ['numpy'], metadata: '' }];

/** Judges a wheel as an install does, without pip. @throws Refusal */
async function judge(name: string, parts: Partial<WheelParts>): Promise<void> {
  const { content } = makeWheel({ name, version: '1.0', ...parts });
  const path = join(await temporaryDirectory(), 'x.whl');
  await writeFile(path, content);
  const found = await inspectWheel(path, { name, version: '1.0' }, { limits: ARCHIVE_LIMITS });
  const knowledge = {
    owners: moduleOwners(),
    popular: popularNames('pypi'),
    policy: await loadPolicy(),
    provided: PROVIDED,
  };
  refuseForeignModules({ name, version: '1.0', ...found }, knowledge);
}

const filesAt = (paths: readonly string[]) => paths.map((name) => ({ name, content: 'x = 1\n' }));

test.each([
  ['a package of an approval-listed distribution', 'requests/__init__.py', 'requests'],
  ['a part of one, as a namespace', 'requests/sessions.py', 'requests'],
  ['a single module', 'requests.py', 'requests'],
  ['an extension module', 'requests.cpython-311-x86_64-linux-gnu.so', 'requests'],
  ['an extension module of the stable ABI', 'requests.abi3.so', 'requests'],
  ['a compiled module', 'requests.pyc', 'requests'],
  ['a compiled module beside the source of another', '__pycache__/requests.cpython-311.pyc', 'requests'],
  ['a compiled part of another', 'requests/__pycache__/api.cpython-311.opt-1.pyc', 'requests'],
  ['data in the folder of another', 'requests/cacert.pem', 'requests'],
  ['letters of another case', 'Requests/__init__.py', 'requests'],
  ['what .data puts there', 'zqnames-1.0.data/purelib/requests/__init__.py', 'requests'],
  ['what .data puts there for one platform', 'zqnames-1.0.data/platlib/requests.py', 'requests'],
  ['a blocked name', 'crypto_locker/__init__.py', 'crypto-locker'],
  ['a well-known module of another name', 'yaml/__init__.py', 'pyyaml'],
  ['a well-known module in capitals', 'PIL/Image.py', 'pillow'],
  ['a well-known module by the name of its distribution', 'flask/__init__.py', 'flask'],
  ['a module that every program has', 'numpy/__init__.py', 'numpy'],
  ['a part of one that every program has', 'dateutil/parser.py', 'python-dateutil'],
  ['a part of a shared namespace', 'google/protobuf/__init__.py', 'protobuf'],
  ['a part deep in a shared namespace', 'google/cloud/storage/evil.py', 'google-cloud-storage'],
  ['a shared namespace as its own', 'google/__init__.py', 'google-auth'],
  ['a module of Python', 'json/__init__.py', "Python's own"],
  ['a module of Python in one file', 'ssl.py', "Python's own"],
  ['a module of Python in C', '_json.cpython-311-x86_64-linux-gnu.so', "Python's own"],
])('refuses a wheel that brings %s: %s', async (_what, path, owner) => {
  await expect(judge('zqnames', { files: filesAt([path]) })).rejects.toMatchObject({
    status: 'blocked',
    reason: { code: 'suspicious', message: expect.stringMatching(new RegExp(`^zqnames 1\\.0 .*${owner}`)) },
  });
});

test('installs nothing of a wheel that brings a module of another distribution', async () => {
  index.addWheels('zqnames', [{ version: '1.0', files: filesAt(['requests/__init__.py']) }]);
  index.addWheels('zqneeds', [{ version: '1.0', requires: ['zqnames'] }]);
  for (const name of ['zqnames', 'zqneeds']) {
    expect(await packages.install({ name, ecosystem: 'pypi' }, signal)).toMatchObject({
      status: 'blocked',
      reason: { code: 'suspicious', message: expect.stringMatching(/zqnames 1\.0 .* requests/) },
    });
  }
  expect(await packages.list()).toEqual([]);
});

test.each([
  ['the metadata of another distribution', 'requests-2.32.0.dist-info/INSTALLER'],
  ['the old metadata of another distribution', 'urllib3.egg-info/PKG-INFO'],
])('refuses a wheel with %s', async (_what, path) => {
  await expect(judge('zqnames', { files: filesAt([path]) })).rejects.toMatchObject({ reason: { code: 'suspicious' } });
});

test('refuses a wheel that says to be, or to stand for, another distribution', async () => {
  const other = makeWheel({ name: 'zqelse', version: '1.0' });
  index.pypi.set('zqsaid', { files: [{ ...other, filename: 'zqsaid-1.0-py3-none-any.whl' }] });
  const said = await packages.install({ name: 'zqsaid', ecosystem: 'pypi' }, signal);
  expect(said).toMatchObject({ reason: { code: 'suspicious' } });
  await expect(judge('zqnames', { headers: ['Provides-Dist: Requests (2.0)'] })).rejects.toThrow('stands for requests');
});

const STUB = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)  # type: ignore\n";
const HONEST = [
  ['tests/__init__.py', 'docs/conf.py', 'zqother_name/__init__.py', 'zqone.py', 'README.md', 'google/cloud/zq/a.py'],
  ['backports/zqthing/__init__.py', '_distutils/__init__.py', 'zqtwo.cpython-311-x86_64-linux-gnu.so', 'zope/zq.py'],
].flat();

test.each([
  ['zqnames', HONEST],
  ['pyyaml', ['yaml/__init__.py', '_yaml/__init__.py']],
  ['pillow', ['PIL/__init__.py']],
  ['beautifulsoup4', ['bs4/__init__.py']],
  ['python-dateutil', ['dateutil/__init__.py']],
  ['scikit-learn', ['sklearn/__init__.py']],
  ['opencv-python-headless', ['cv2/__init__.py', 'cv2/cv2.abi3.so']],
  ['protobuf', ['google/protobuf/__init__.py', 'google/_upb/_message.abi3.so']],
  ['attrs', ['attr/__init__.py']],
  ['setuptools', ['_distutils_hack/__init__.py', 'pkg_resources/__init__.py', 'distutils-precedence.pth']],
  ['typing-extensions', ['typing_extensions.py']],
  ['pycryptodome', ['Crypto/__init__.py']],
  ['azure-core', ['azure/core/__init__.py']],
])('accepts of %s the modules that it has', async (name, paths) => {
  const stub = { name: 'zope/__init__.py', content: STUB };
  const judged = judge(name, { files: [...filesAt(paths), ...(name === 'zqnames' ? [stub] : [])] });
  await expect(judged).resolves.toBeUndefined();
});

test('refuses two packages of one set that bring the same module', async () => {
  const twin = (name: string, ...paths: string[]) =>
    index.addWheels(name, [{ version: '1.0', files: paths.map((path) => ({ name: path, content: '' })) }]);
  twin('zqfirst', 'zqshared/__init__.py', 'tests/__init__.py');
  twin('zqsecond', 'zqshared/__init__.py', 'tests/__init__.py');
  const together = packages.layerFor('pypi', ['zqfirst', 'zqsecond'], signal);
  await expect(together).rejects.toMatchObject({
    code: 'invalid_arguments',
    message: expect.stringMatching(/zqsecond 1\.0 .* zqshared, which belongs to zqfirst/),
  });
  twin('zqthird', 'google/zqpart/__init__.py');
  twin('zqfourth', 'google/zqpart/evil.py');
  await expect(packages.layerFor('pypi', ['zqthird', 'zqfourth'], signal)).rejects.toMatchObject({
    details: [{ code: 'suspicious' }],
  });
});

test.each([
  ['a well-known package', 'lodash'],
  ['a module of Node', 'fs'],
  ['a module of Node that is a package, too', 'events'],
  ['an approval-listed name', 'requests'],
  ['a blocked name', 'Crypto_Locker'],
])('refuses an npm alias that stands in for %s', async (_what, alias) => {
  made += 1;
  await index.addNpm('zqreal', '1.0.0');
  await index.addNpm(`zqalias${made}`, '1.0.0', { dependencies: { [alias]: 'npm:zqreal@^1.0.0' } });
  const result = await packages.install({ name: `zqalias${made}`, ecosystem: 'npm' }, signal);
  expect(result).toMatchObject({ status: 'blocked', reason: { code: 'suspicious' } });
  expect(result.reason?.message).toContain('zqreal@1.0.0');
  expect(result.reason?.message).toContain(alias);
});

test('refuses packages of npm that are named like modules of Node, and takes the well-known ones', async () => {
  for (const name of ['worker_threads', 'vm']) {
    await index.addNpm(name, '1.0.0');
    const result = await packages.install({ name, ecosystem: 'npm' }, signal);
    expect(result).toMatchObject({ status: 'blocked', reason: { code: 'suspicious' } });
  }
  await index.addNpm('events', '3.3.0');
  expect(await packages.install({ name: 'events', ecosystem: 'npm' }, signal)).toMatchObject({ status: 'installed' });
});
