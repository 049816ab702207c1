import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { type IndexServer, startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, temporaryDirectory, type TestPackages } from './fixtures/setup.ts';

// Each install runs pip, which takes a while on a busy machine.
jest.setTimeout(240_000);

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

const install = (name: string, options: { version?: string; session_id?: string; ecosystem?: Ecosystem } = {}) =>
  packages.install({ name, ecosystem: 'pypi', ...options }, signal);

/** Returns what a program gets that names no packages, by name and version. */
async function got(code: string, session?: string, ecosystem: Ecosystem = 'pypi'): Promise<readonly string[]> {
  const layer = await packages.layerForImports(ecosystem, { code, session }, signal);
  return (layer?.packages ?? []).map(({ name, version }) => `${name} ${version}`);
}

const bring = (name: string, paths: readonly string[], versions: readonly string[] = ['1.0']) =>
  index.addWheels(
    name,
    versions.map((version) => ({ version, files: paths.map((path) => ({ name: path, content: '' })) })),
  );

test('gives a program what has the name of its package, or is well-known', async () => {
  bring('zq-named', []);
  bring('pyyaml', ['yaml/__init__.py']);
  bring('google-cloud-storage', ['google/cloud/storage/__init__.py']);
  await packages.layerFor('pypi', ['zq-named', 'pyyaml', 'google-cloud-storage'], signal);
  expect(await got('import zq_named')).toContain('zq-named 1.0');
  expect(await got('import yaml as y, sys')).toContain('pyyaml 1.0');
  expect(await got('from google.cloud import storage')).toContain('google-cloud-storage 1.0');
  expect(await got('import google.cloud.storage.blob')).toContain('google-cloud-storage 1.0');
  expect(await got('import google.cloud.bigquery, zqunknown')).toEqual([]);
});

test('gives nobody a module of another name, but to the session that has installed it', async () => {
  bring('zqhonest', ['zqyaml/__init__.py']);
  bring('zqother', ['zqyaml/__init__.py']);
  const result = await install('zqhonest', { session_id: 'mine' });
  expect(result.output).toContain('zqhonest brings zqyaml');
  expect(await got('import zqyaml')).toEqual([]);
  expect(await got('import zqyaml', 'mine')).toEqual(['zqhonest 1.0']);
  await install('zqother', { session_id: 'another' });
  await install('zqother');
  expect(await got('import zqyaml')).toEqual([]);
  expect(await got('import zqyaml', 'mine')).toEqual(['zqhonest 1.0']);
  expect(await got('import zqyaml', 'another')).toEqual(['zqother 1.0']);
});

test('installs what a program imports and nobody has, where the policy says so, and nothing else', async () => {
  bring('openpyxl', []);
  bring('pyyaml', ['yaml/__init__.py']);
  bring('zqunknown', []);
  const directory = await temporaryDirectory();
  const policyFile = join(directory, 'policy.json');
  await writeFile(policyFile, JSON.stringify({ auto_install: true, needs_approval: ['requests'] }));
  const generous = await openPackages(index, { policyFile });
  const given = async (code: string, files: readonly string[] = []) =>
    (await generous.layerForImports('pypi', { code, session: undefined, files }, signal))?.packages ?? [];
  expect(await given('import openpyxl, json, zqunknown\nimport yaml')).toEqual([
    { name: 'openpyxl', version: '1.0' },
    { name: 'pyyaml', version: '1.0' },
  ]);
  // It is refused, or is the program's own: the program goes on without it.
  expect(await given('import requests')).toEqual([]);
  expect(await given('import seaborn', ['seaborn.py'])).toEqual([]);
  // Off by default.
  const careful = await openPackages(index);
  const imports = { code: 'import openpyxl', session: undefined };
  expect(await careful.layerForImports('pypi', imports, signal)).toBeUndefined();
});

test('moves nobody back to an older version', async () => {
  bring('zqmoves', [], ['1.0', '2.0']);
  await install('zqmoves', { version: '2.0' });
  await install('zqmoves', { version: '1.0', session_id: 'old' });
  expect(await got('import zqmoves')).toEqual(['zqmoves 2.0']);
  expect(await got('import zqmoves', 'old')).toEqual(['zqmoves 1.0']);
});

test('gives no program a package of npm that only another package may have', async () => {
  await index.addNpm('zqdeep', '1.0.0');
  await index.addNpm('zqdeep', '2.0.0');
  await index.addNpm('zqholder', '1.0.0', { dependencies: { zqdeep: '1.0.0' } });
  await packages.layerFor('npm', ['zqholder', 'zqdeep@2.0.0'], signal);
  expect(await got("require('zqdeep')", undefined, 'npm')).toEqual(expect.arrayContaining(['zqdeep 2.0.0']));
  await index.addNpm('zqreal', '1.0.0');
  await index.addNpm('zqaliases', '1.0.0', { dependencies: { zqalias: 'npm:zqreal@1.0.0' } });
  await install('zqaliases', { ecosystem: 'npm' });
  expect(await got("require('zqalias')", undefined, 'npm')).toEqual([]);
  expect(await got("require('zqreal')", undefined, 'npm')).toEqual([]);
  expect(await got("import x from 'zqaliases'", undefined, 'npm')).toEqual(expect.arrayContaining(['zqaliases 1.0.0']));
});
