import { readFileSync } from 'node:fs';
import { afterAll, expect, jest, test } from '@jest/globals';
import { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import { distributionFor, importNames, meantDistribution } from '../../src/packages/names/import-names.ts';
import { popularNames } from '../../src/packages/policy/popular-names.ts';
import { normaliseName } from '../../src/packages/spec.ts';
import { POPULAR_PYPI_FILE } from '../../src/packages/policy/popular-names.ts';
import { createRequire } from 'node:module';
import { openPackages, openTestIndex, signal } from './fixtures/setup.ts';
import { makeTarball } from './fixtures/tarball.ts';
import { makeWheel } from './fixtures/wheel.ts';

// Each install runs pip, which takes a while on a busy machine.
jest.setTimeout(240_000);

const { index, packages, close } = await openTestIndex('pypi');
afterAll(close);

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`./data/${name}`, import.meta.url), 'utf8'));
const Legitimate = z.object({ packages: z.array(z.tuple([Ecosystem, z.string(), z.int(), z.int()])) });
const Squats = z.object({
  names: z.array(
    z.object({
      ecosystem: Ecosystem,
      name: z.string(),
      versions: z.array(z.string()),
      days: z.int(),
      codes: z.array(z.string()),
      did_you_mean: z.string().optional(),
    }),
  ),
});

/** Puts releases on the index, all of them so many days old. */
async function publish(ecosystem: Ecosystem, name: string, versions: readonly string[], days: number): Promise<void> {
  const time = new Date(Date.now() - days * 86_400_000).toISOString();
  if (ecosystem === 'pypi') {
    const files = versions.map((version) => ({ ...makeWheel({ name, version }), uploadTime: time }));
    index.pypi.set(normaliseName('pypi', name), { files });
    return;
  }
  const tarball = await makeTarball({ name, version: '1.0.0' });
  index.npm.set(
    name,
    versions.map((version) => ({ manifest: { name, version }, tarball, time })),
  );
}

const topOf = (ecosystem: Ecosystem): readonly string[] =>
  (ecosystem === 'npm'
    ? z.object({ npmHighImpact: z.array(z.string()) }).parse(createRequire(import.meta.url)('npm-high-impact'))
        .npmHighImpact
    : readFileSync(POPULAR_PYPI_FILE, 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
  ).slice(0, 500);

test.each(['pypi', 'npm'] as const)(
  'lets the 500 most popular names of %s pass as what they are',
  async (ecosystem) => {
    const listed: string[] = [];
    for (const name of topOf(ecosystem)) {
      expect([name, popularNames(ecosystem).findResemblance(name)]).toEqual([name, undefined]);
      expect([name, meantDistribution(ecosystem, name)]).toEqual([name, undefined]);
      await publish(ecosystem, name, ['1.0.0'], 1_000);
      const { status, name: found } = await packages.check({ ecosystem, name }, signal);
      if (status !== 'allowed' || found !== name) listed.push(`${name} ${status}`);
    }
    const byPolicy = ['cryptography', 'requests', 'urllib3'].map((name) => `${name} approval_required`);
    expect(listed.sort()).toEqual(ecosystem === 'pypi' ? byPolicy : []);
  },
);

test('lets honest packages pass that few know, whatever their names resemble', async () => {
  for (const [ecosystem, name, count, days] of Legitimate.parse(read('legitimate.json')).packages) {
    await publish(
      ecosystem,
      name,
      Array.from({ length: count }, (_, at) => `1.${at}.0`),
      days,
    );
    expect(await packages.check({ ecosystem, name }, signal)).toMatchObject({ name, status: 'allowed' });
  }
});

test.each(Squats.parse(read('squats.json')).names)(
  'refuses $name of $ecosystem, which public reports have as a squat',
  async ({ ecosystem, name, versions, days, codes, did_you_mean }) => {
    await publish(ecosystem, name, versions, days);
    const { reason } = await packages.check({ ecosystem, name }, signal);
    expect(codes).toContain(reason?.code);
    expect(reason).toMatchObject(did_you_mean === undefined ? {} : { did_you_mean });
  },
);

test('proposes no name that hardly anybody means', async () => {
  const names = ['torchtriton', 'dateutill', 'opencvv', 'yamll'];
  const verdicts = await Promise.all(names.map((name) => packages.check({ ecosystem: 'pypi', name }, signal)));
  const proposed = verdicts.flatMap(({ reason }) => reason?.did_you_mean ?? []);
  expect(proposed.filter((name) => popularNames('pypi').rank(name) >= 5_000)).toEqual([]);
});

test('the table of import names has well-known distributions alone, each more popular than what has the name', () => {
  const { has, rank } = popularNames('pypi');
  expect(importNames().size).toBeGreaterThan(80);
  for (const [module, distribution] of importNames()) {
    const name = normaliseName('pypi', module);
    expect([module, has(distribution), name === distribution]).toEqual([module, true, false]);
    expect([module, rank(name) > rank(distribution)]).toEqual([module, true]);
  }
});

test.each([
  ['cv2', 'opencv-python-headless'],
  ['yaml', 'pyyaml'],
  ['sklearn.ensemble', 'scikit-learn'],
  ['docx', 'python-docx'],
  ['PIL.Image', 'pillow'],
  ['skimage', 'scikit-image'],
  ['fitz', 'pymupdf'],
  ['dateutil.parser', 'python-dateutil'],
  ['bs4', 'beautifulsoup4'],
  ['dotenv', 'python-dotenv'],
  ['jwt', 'pyjwt'],
  ['serial', 'pyserial'],
  ['attr', 'attrs'],
  ['google.generativeai', 'google-generativeai'],
  ['google.cloud.storage', 'google-cloud-storage'],
  ['google.protobuf.message', 'protobuf'],
  ['Crypto.Cipher', 'pycryptodome'],
  ['git', 'gitpython'],
  ['magic', 'python-magic'],
  ['pptx', 'python-pptx'],
  ['OpenSSL', 'pyopenssl'],
  ['usb.core', 'pyusb'],
  ['psycopg2', 'psycopg2-binary'],
  ['MySQLdb', 'mysqlclient'],
  ['zmq', 'pyzmq'],
  ['win32api', 'pywin32'],
  ['openpyxl', 'openpyxl'],
  ['ruamel.yaml', 'ruamel-yaml'],
  ['json', undefined],
  ['xml.etree', undefined],
  ['zqnobody', undefined],
])('a program that misses %s is told of %s', (module, distribution) => {
  expect(distributionFor('pypi', module)).toBe(distribution);
});

test('a program of Node that misses a package is told of it by its name, and of nothing that Node has', () => {
  expect(distributionFor('npm', 'chalk/index.js')).toBe('chalk');
  expect(distributionFor('npm', '@babel/core')).toBe('@babel/core');
  expect(distributionFor('npm', 'fs/promises')).toBeUndefined();
  expect(distributionFor('npm', 'zqnobody')).toBeUndefined();
});

test('takes the name of a module for its package and says so, in every door', async () => {
  index.addWheels('pyyaml', [{ version: '6.0', files: [{ name: 'yaml/__init__.py', content: '' }] }]);
  index.addWheels('beautifulsoup4', [{ version: '4.14' }]);
  index.addWheels('beautifulsoup', [{ version: '3.2' }]);
  expect(await packages.check({ name: 'yaml', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'allowed',
    name: 'pyyaml',
    requested: 'yaml',
  });
  const installed = await packages.install({ name: 'YAML>=6', ecosystem: 'pypi' }, signal);
  expect(installed).toMatchObject({ status: 'installed', name: 'pyyaml', version: '6.0', requested: 'yaml' });
  expect(installed.output).toContain('pyyaml is the package');
  expect((await packages.layerFor('pypi', ['yaml'], signal)).packages).toEqual([{ name: 'pyyaml', version: '6.0' }]);
  expect(await packages.check({ name: 'beautifulsoup', ecosystem: 'pypi' }, signal)).toMatchObject({
    name: 'beautifulsoup4',
  });
  // What the policy lists is what it lists.
  expect(await packages.check({ name: 'Crypto', ecosystem: 'pypi' }, signal)).toMatchObject({
    status: 'approval_required',
    name: 'Crypto',
  });
  const plain = await openPackages(index);
  expect(await plain.check({ name: 'pyyaml', ecosystem: 'pypi' }, signal)).not.toHaveProperty('requested');
});
