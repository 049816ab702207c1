import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFetcher, type Fetcher } from '../../src/packages/index/fetcher.ts';
import { refreshMalicious } from '../../src/commands/refresh-malicious.ts';
import { refreshPopular } from '../../src/commands/refresh-popular.ts';
import { startIndex } from './fixtures/index-server.ts';
import { cleanUp, openPackages, signal, temporaryDirectory } from './fixtures/setup.ts';
import { makeZip } from './fixtures/zip.ts';

let fetcher: Fetcher;
beforeAll(() => {
  fetcher = createFetcher({});
});
afterAll(async () => {
  await fetcher.close();
  await cleanUp();
});

const TODAY = new Date('2026-11-20T12:00:00Z');

type Affected = Record<string, unknown>;
const record = (id: string, ecosystem: string, name: string, affected: Affected, more: object = {}) => ({
  name: `${id}.json`,
  content: JSON.stringify({
    id,
    published: '2026-01-02T03:04:05Z',
    affected: [{ package: { ecosystem, name }, ...affected }],
    ...more,
  }),
});
const range = (...events: object[]) => ({ type: 'SEMVER', events });
const ALL = { ranges: [range({ introduced: '0' })] };

/** A server with the layout of OSV's public dump. */
async function serveDumps(dumps: Record<string, Buffer>) {
  return serveRaw((req, res) => {
    const dump = dumps[req.url ?? ''];
    if (dump === undefined) res.writeHead(404).end();
    else res.end(dump);
  });
}

const PYPI_DUMP = makeZip([
  record('MAL-2026-1', 'PyPI', 'ZQ_Whole.Package', ALL),
  record('MAL-2026-2', 'PyPI', 'zqsome', { versions: ['1.0', '1.1'] }),
  record('MAL-2026-3', 'PyPI', 'zqwithdrawn', ALL, { withdrawn: '2026-02-01T00:00:00Z' }),
  record('MAL-2026-4', 'PyPI', 'zqboth', { versions: ['1.0'], ...ALL }),
  record('MAL-2026-5', 'npm', 'of-the-other-ecosystem', ALL),
  record('GHSA-xxxx-yyyy-zzzz', 'PyPI', 'zqvulnerable', ALL),
  record('MAL-2026-6', 'PyPI', '../../etc/passwd', ALL),
  { name: 'MAL-2026-7.json', content: 'not json' },
  { name: 'MAL-2026-8.json', content: '{"id": 8}' },
]);
const NPM_DUMP = makeZip([
  record('MAL-2026-10', 'npm', '@zqscope/taken', {
    ranges: [range({ introduced: '0' }), range({ introduced: '4.1.1' }, { last_affected: '4.1.2' })],
  }),
  record('MAL-2026-11', 'npm', 'zqfixed', { ranges: [range({ introduced: '1.0.0' }, { fixed: '1.0.5' })] }),
]);

test('builds the index of malicious packages from a dump, and the checks use it', async () => {
  const dumps = await serveDumps({ '/osv/PyPI/all.zip': PYPI_DUMP, '/osv/npm/all.zip': NPM_DUMP });
  const directory = await temporaryDirectory();
  const out = join(directory, 'malicious-packages.json');
  const built = await refreshMalicious(fetcher, { base: `${dumps.url}/osv`, out, today: TODAY });
  await dumps.stop();
  expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(built);
  expect(built).toMatchObject({
    updated: '2026-11-20',
    pypi: {
      'zq-whole-package': [{ id: 'MAL-2026-1', date: '2026-01-02', affected: 'all' }],
      zqsome: [{ id: 'MAL-2026-2', date: '2026-01-02', affected: ['1.0', '1.1'] }],
      zqboth: [{ id: 'MAL-2026-4', date: '2026-01-02', affected: 'all' }],
    },
    npm: {
      '@zqscope/taken': [{ id: 'MAL-2026-10', date: '2026-01-02', affected: ['>=4.1.1 <=4.1.2'] }],
      zqfixed: [{ id: 'MAL-2026-11', date: '2026-01-02', affected: ['>=1.0.0 <1.0.5'] }],
    },
  });
  expect(Object.keys(built.pypi)).toHaveLength(3);

  const index = await startIndex();
  await index.addNpm('zqfixed', '1.0.4');
  await index.addNpm('zqfixed', '1.0.5');
  const packages = await openPackages(index, { directory });
  const check = (ecosystem: 'pypi' | 'npm', name: string, version: string) =>
    packages.check({ ecosystem, name, version }, signal);
  expect(await check('pypi', 'Zq.Whole_Package', '9.9')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('pypi', 'zqsome', '1.0.0')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('npm', 'zqfixed', '1.0.4')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('npm', 'zqfixed', '1.0.5')).toMatchObject({ status: 'allowed' });
  await index.stop();
});

test('keeps the old index when a dump is missing, empty, torn or too large', async () => {
  const out = join(await temporaryDirectory(), 'malicious-packages.json');
  await writeFile(out, 'old');
  const whole = { '/PyPI/all.zip': PYPI_DUMP, '/npm/all.zip': NPM_DUMP };
  const limits = { zipBytes: 1_024 ** 2, recordBytes: 10_000, records: 100 };
  const cases = [
    { dumps: { '/PyPI/all.zip': PYPI_DUMP }, why: 'no such package or file' },
    { dumps: { '/PyPI/all.zip': makeZip([]), '/npm/all.zip': makeZip([]) }, why: 'no record' },
    { dumps: { ...whole, '/npm/all.zip': NPM_DUMP.subarray(0, 100) }, why: /central directory/i },
    { dumps: whole, limits: { ...limits, zipBytes: 100 }, why: 'larger than' },
    { dumps: whole, limits: { ...limits, records: 1 }, why: 'larger than it should be' },
    { dumps: whole, limits: { ...limits, recordBytes: 10 }, why: 'larger than it should be' },
  ];
  for (const { dumps, limits: own = limits, why } of cases) {
    const server = await serveDumps(dumps);
    await expect(refreshMalicious(fetcher, { base: server.url, out, today: TODAY, limits: own })).rejects.toThrow(why);
    await server.stop();
    expect(await readFile(out, 'utf8')).toBe('old');
  }
});

test('builds the list of well-known names from the wheel of guarddog', async () => {
  const index = await startIndex();
  const packages = ['Boto3', 'ruamel.yaml', 'zope_interface', 'not a name', 'boto3'];
  const list = {
    name: 'guarddog/analyzer/metadata/resources/top_pypi_packages.json',
    content: JSON.stringify({ packages }),
  };
  index.addWheels('guarddog', [{ version: '3.1.0' }, { version: '3.2.0', files: [list] }]);
  const directory = join(await temporaryDirectory(), 'new');
  await mkdir(directory);
  const out = join(directory, 'names.txt');
  expect(await refreshPopular(fetcher, { index: index.pipIndexUrl, out, minNames: 3 })).toBe(3);
  const lines = (await readFile(out, 'utf8')).trim().split('\n');
  expect(lines.filter((line) => !line.startsWith('#'))).toEqual(['boto3', 'ruamel-yaml', 'zope-interface']);
  expect(lines.join('\n')).toContain('guarddog 3.2.0');
  await expect(refreshPopular(fetcher, { index: index.pipIndexUrl, out })).rejects.toThrow('3 names');
  await index.stop();
});
