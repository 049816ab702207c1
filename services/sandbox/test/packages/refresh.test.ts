import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFetcher, type Fetcher } from '../../src/packages/index/fetcher.ts';
import { refreshMalicious } from '../../src/commands/refresh-malicious.ts';
import { refreshModules } from '../../src/commands/refresh-modules.ts';
import { refreshPopular } from '../../src/commands/refresh-popular.ts';
import { loadMalicious, maliciousFile } from '../../src/packages/policy/malicious.ts';
import { formatList, readList } from '../../src/packages/policy/malicious-list.ts';
import {
  fetchMaliciousList,
  refreshDelayMs,
  scheduleMaliciousRefresh,
} from '../../src/packages/policy/malicious-refresh.ts';
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

/** Later than the list that is shipped. */
const LATER = new Date('2100-01-02T12:00:00Z');

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
  record('MAL-2026-9', 'PyPI', 'zqunwritable', { versions: ['1.0', 'a\tb\nc'] }),
  { name: 'MAL-2026-7.json', content: 'not json' },
  { name: 'MAL-2026-8.json', content: '{"id": 8}' },
]);
const NPM_DUMP = makeZip([
  record('MAL-2026-10', 'npm', '@zqscope/taken', {
    ranges: [range({ introduced: '0' }), range({ introduced: '4.1.1' }, { last_affected: '4.1.2' })],
  }),
  record('MAL-2026-11', 'npm', 'zqfixed', { ranges: [range({ introduced: '1.0.0' }, { fixed: '1.0.5' })] }),
]);

test('builds the list of malicious packages from a dump, and the checks use it', async () => {
  const dumps = await serveDumps({ '/osv/PyPI/all.zip': PYPI_DUMP, '/osv/npm/all.zip': NPM_DUMP });
  const directory = await temporaryDirectory();
  const out = maliciousFile(directory);
  expect(await refreshMalicious(fetcher, { base: `${dumps.url}/osv`, out, now: LATER })).toBe(6);
  await dumps.stop();
  expect(gunzipSync(await readFile(out)).toString()).toBe(
    [
      '# malicious packages, format 1',
      `# updated ${LATER.toISOString()}`,
      `# source OSV (https://osv.dev), records MAL-* of ${dumps.url}/osv`,
      'npm\t@zqscope/taken\tMAL-2026-10\t2026-01-02\t>=4.1.1 <=4.1.2',
      'npm\tzqfixed\tMAL-2026-11\t2026-01-02\t>=1.0.0 <1.0.5',
      'pypi\tzq-whole-package\tMAL-2026-1\t2026-01-02\t*',
      'pypi\tzqboth\tMAL-2026-4\t2026-01-02\t*',
      'pypi\tzqsome\tMAL-2026-2\t2026-01-02\t1.0,1.1',
      'pypi\tzqunwritable\tMAL-2026-9\t2026-01-02\t*',
      '',
    ].join('\n'),
  );

  const index = await startIndex();
  await index.addNpm('zqfixed', '1.0.4');
  await index.addNpm('zqfixed', '1.0.5');
  const packages = await openPackages(index, { directory });
  expect(packages.malicious()).toEqual({ names: 6, updatedAt: LATER });
  const check = (ecosystem: 'pypi' | 'npm', name: string, version: string) =>
    packages.check({ ecosystem, name, version }, signal);
  expect(await check('pypi', 'Zq.Whole_Package', '9.9')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('pypi', 'zqsome', '1.0.0')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('npm', 'zqfixed', '1.0.4')).toMatchObject({ reason: { code: 'malicious' } });
  expect(await check('npm', 'zqfixed', '1.0.5')).toMatchObject({ status: 'allowed' });
  await index.stop();
});

test('keeps the old list when a dump is missing, empty, torn, too large, or has lost most of its records', async () => {
  const out = join(await temporaryDirectory(), 'list.tsv.gz');
  const advisory = { ecosystem: 'npm', id: 'MAL-1-1', date: '2026-01-01', affected: 'all' } as const;
  const old = formatList(
    'abcdefghij'.split('').map((name) => ({ ...advisory, name })),
    LATER,
    'a test',
  );
  await writeFile(out, old);
  const whole = { '/PyPI/all.zip': PYPI_DUMP, '/npm/all.zip': NPM_DUMP };
  const limits = { zipBytes: 1_024 ** 2, recordBytes: 10_000, records: 100 };
  const cases = [
    { dumps: { '/PyPI/all.zip': PYPI_DUMP }, why: 'no such package or file' },
    { dumps: { '/PyPI/all.zip': makeZip([]), '/npm/all.zip': makeZip([]) }, why: 'no record' },
    { dumps: { ...whole, '/npm/all.zip': NPM_DUMP.subarray(0, 100) }, why: /central directory/i },
    { dumps: whole, limits: { ...limits, zipBytes: 100 }, why: 'larger than' },
    { dumps: whole, limits: { ...limits, records: 1 }, why: 'larger than it should be' },
    { dumps: whole, limits: { ...limits, recordBytes: 10 }, why: 'larger than it should be' },
    { dumps: whole, why: 'hold 6 packages, and the list had 10' },
  ];
  for (const { dumps, limits: own = limits, why } of cases) {
    const server = await serveDumps(dumps);
    await expect(refreshMalicious(fetcher, { base: server.url, out, now: LATER, limits: own })).rejects.toThrow(why);
    await server.stop();
    expect(await readFile(out)).toEqual(old);
  }
});

test('finds each of a hundred thousand names, in a list as large as the file of it', async () => {
  const file = join(await temporaryDirectory(), 'large.tsv.gz');
  const name = (at: number): string => `zq-${(at * 2_654_435_761) % 4_294_967_296}`;
  const advisories = Array.from({ length: 100_000 }, (_, at) => {
    const ecosystem = at % 10 === 0 ? ('pypi' as const) : ('npm' as const);
    return { ecosystem, name: name(at), id: `MAL-2026-${at}`, date: '2026-01-02', affected: 'all' as const };
  });
  await writeFile(file, gzipSync(formatList(advisories, LATER, 'a test')));
  const list = await readList(file);
  expect(list?.names).toBe(100_000);
  for (const { ecosystem, ...advisory } of advisories.filter((_, at) => at % 1_000 < 3)) {
    const { name: wanted, ...rest } = advisory;
    expect(list?.find(ecosystem, wanted)).toEqual([rest]);
    expect(list?.find(ecosystem, `${wanted}x`)).toEqual([]);
  }
  expect(list?.find('pypi', '')).toEqual([]);
});

test('uses no list that is damaged, but the shipped one', async () => {
  const index = await startIndex();
  const good = formatList([], LATER, 'a test').toString();
  const lines = (...names: string[]) =>
    `${good}${names.map((name) => `npm\t${name}\tMAL-1-1\t2026-01-01\t*\n`).join('')}`;
  for (const content of ['', 'not a list', good.replace('# updated', '# other'), lines('b', 'a')]) {
    const directory = await temporaryDirectory();
    await writeFile(maliciousFile(directory), content);
    const warnings: unknown[] = [];
    const logger = { info: () => {}, warn: (...line: unknown[]) => void warnings.push(line) };
    const packages = await openPackages(index, { directory, logger });
    expect(packages.malicious().names).toBeGreaterThan(10);
    expect(warnings).toHaveLength(1);
  }
  await index.stop();
});

test('waits a day for the next list, an hour after a failure, and no two services the same time', () => {
  const [minute, hour] = [60_000, 3_600_000];
  expect([0, 0.5, 1].map((random) => refreshDelayMs({ ageMs: 0, hasFailed: false }, random) / hour)).toEqual([
    21.6,
    24,
    expect.closeTo(26.4),
  ]);
  expect([0, 1].map((random) => refreshDelayMs({ ageMs: 900 * hour, hasFailed: false }, random) / minute)).toEqual([
    1, 10,
  ]);
  expect([0, 1].map((random) => refreshDelayMs({ ageMs: 0, hasFailed: true }, random) / minute)).toEqual([45, 75]);
});

test('renews the list while the service runs, and keeps the one in use when that fails', async () => {
  const dumps = await serveDumps({ '/PyPI/all.zip': PYPI_DUMP, '/npm/all.zip': NPM_DUMP });
  const directory = await temporaryDirectory();
  const knowledge = await loadMalicious(directory, { warn: () => {} });
  expect(knowledge.any('pypi', 'zqsome')).toBeUndefined();
  const before = knowledge.status();
  const source = { directory, proxy: {} };
  const pending: (() => void)[] = [];
  const logged: string[] = [];
  const log = (_fields: unknown, line?: string) => void logged.push(line ?? '');
  const options = {
    knowledge,
    logger: { info: log, warn: log },
    after: (_ms: number, run: () => void) => {
      pending.push(run);
      return () => void pending.splice(pending.indexOf(run), 1);
    },
  };
  const urls = [`${dumps.url}/nowhere`, dumps.url];
  const fetchList = (caller: AbortSignal) => fetchMaliciousList({ url: urls.shift() ?? '', ...source })(caller);
  const refresh = scheduleMaliciousRefresh({ ...options, fetchList });

  pending.shift()?.();
  await until(() => pending.length === 1);
  expect(logged).toEqual(['list of malicious packages not renewed']);
  expect(knowledge.status()).toEqual(before);
  pending.shift()?.();
  await until(() => pending.length === 1);
  expect(logged.at(-1)).toBe('list of malicious packages renewed');
  expect(knowledge.any('pypi', 'zqsome')).toMatchObject({ id: 'MAL-2026-2' });
  expect(knowledge.status().names).toBe(6);
  refresh.close();
  expect(pending).toEqual([]);
  await dumps.stop();
});

test('builds the list of import names from the database of pigar', async () => {
  const index = await startIndex();
  const folder = await temporaryDirectory();
  const database = new DatabaseSync(join(folder, 'db'));
  database.exec('CREATE TABLE distributions (id INTEGER, name TEXT)');
  database.exec('CREATE TABLE top_level_module_names (distribution_id INTEGER, name TEXT)');
  const rows = { PyYAML: ['yaml', 'tests'], six: ['six'], 'zope.interface': ['zope'], zqnobody: ['zqown'] };
  for (const [id, [name, modules]] of Object.entries(rows).entries()) {
    database.prepare('INSERT INTO distributions VALUES (?, ?)').run(id, name);
    for (const module of modules) database.prepare('INSERT INTO top_level_module_names VALUES (?, ?)').run(id, module);
  }
  database.close();
  const content = await readFile(join(folder, 'db'));
  index.addWheels('pigar', [{ version: '2.0', files: [{ name: 'pigar/.db.sqlite3', content }] }]);
  const out = join(folder, 'owners.txt');
  await refreshModules(fetcher, { index: index.pipIndexUrl, out, minModules: 3 });
  const lines = (await readFile(out, 'utf8')).split('\n');
  expect(lines).toEqual(expect.arrayContaining(['yaml pyyaml', 'zope zope-interface', 'google.protobuf protobuf']));
  expect(lines.filter((line) => /^(?:six|zqown) /.test(line))).toEqual([]);
  await expect(refreshModules(fetcher, { index: index.pipIndexUrl, out })).rejects.toThrow('names');
  await index.stop();
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
