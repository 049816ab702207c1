// Renews the list of import names and the well-known distributions that bring them, from the database in the newest
// wheel of pigar (BSD-3-Clause). Run it after refresh-popular.ts.
// Option: --index <address of a simple index>, default https://pypi.org/simple; --out <file>.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ARCHIVE_LIMITS } from '../packages/archive/archive.ts';
import { saveZipEntry } from '../packages/archive/wheel.ts';
import { createFetcher, type Fetcher } from '../packages/index/fetcher.ts';
import { createPypiIndex } from '../packages/index/pypi-index.ts';
import { writeWhole } from '../packages/json-file.ts';
import { MODULE_OWNERS_FILE, moduleOwners, NOBODYS, SHARED } from '../packages/names/module-owners.ts';
import { popularNames } from '../packages/policy/popular-names.ts';
import { downloadFile } from '../packages/resolve/attempt.ts';
import { normaliseName } from '../packages/spec.ts';
import { newestVersion } from '../packages/versions.ts';
import { proxyOf } from './proxy-environment.ts';

const DATABASE = 'pigar/.db.sqlite3';
const DATABASE_BYTES = 512 * 1_024 ** 2;
/** A name that so many distributions bring is nobody's, unless it is the name of a well-known one. */
const COMMON = 40;
/** A namespace is shared where so many well-known distributions have its name in front of their own. */
const SHARING = 3;
const MAX_OWNERS = 8;
const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** Names that the database has wrong or not at all, and parts of namespaces that are not named after their package. */
const BY_HAND: readonly (readonly [module: string, ...owners: string[]])[] = [
  ['_distutils_hack', 'setuptools'],
  ['cv2', 'opencv-python', 'opencv-python-headless', 'opencv-contrib-python', 'opencv-contrib-python-headless'],
  ['google._upb', 'protobuf'],
  ['google.api', 'googleapis-common-protos'],
  ['google.cloud', SHARED],
  ['google.gapic', 'googleapis-common-protos'],
  ['google.logging', 'googleapis-common-protos'],
  ['google.longrunning', 'googleapis-common-protos'],
  ['google.oauth2', 'google-auth'],
  ['google.protobuf', 'protobuf'],
  ['google.rpc', 'googleapis-common-protos'],
  ['google.type', 'googleapis-common-protos'],
  ['mpl_toolkits', SHARED, 'matplotlib'],
  ['mpl_toolkits.axes_grid1', 'matplotlib'],
  ['mpl_toolkits.axisartist', 'matplotlib'],
  ['mpl_toolkits.mplot3d', 'matplotlib'],
  ['opentelemetry', SHARED, 'opentelemetry-api'],
  ['pkg_resources', 'setuptools'],
  ['pylab', 'matplotlib'],
  ['azure.mgmt', SHARED],
  ['azure.keyvault', SHARED],
  ['azure.storage', SHARED],
  ['azure.ai', SHARED],
  ['airflow', SHARED, 'apache-airflow-core', 'apache-airflow'],
  ['airflow.providers', SHARED],
];
/** Names that packages have by mistake. */
const CARELESS = ['build', 'classes', 'common', 'config', 'extras', 'lib', 'logger', 'temp', 'tools', 'utils'];

export interface RefreshModulesOptions {
  /** Address of a simple index. */
  readonly index: string;
  /** Path of the list. */
  readonly out: string;
  readonly minModules?: number;
}

/** Writes the list to `out` and returns how many names it has. @throws Refusal, Error when it is not a database */
export async function refreshModules(
  fetcher: Fetcher,
  { index, out, minModules = 1_000 }: RefreshModulesOptions,
): Promise<number> {
  const signal = AbortSignal.timeout(600_000);
  const { releases } = await createPypiIndex(fetcher, index).project('pigar', signal);
  const newest = newestVersion(
    'pypi',
    releases.filter(({ files }) => files.length > 0).map(({ version }) => version),
  );
  const [file] = releases.find(({ version }) => version === newest)?.files ?? [];
  if (newest === undefined || file === undefined) throw new Error('The index has no wheel of pigar');
  const folder = await mkdtemp(join(tmpdir(), 'modules-'));
  try {
    const [wheel, database] = [join(folder, 'pigar.whl'), join(folder, 'modules.sqlite')];
    await downloadFile(fetcher, file, { path: wheel, subject: `pigar ${newest}`, limits: ARCHIVE_LIMITS, signal });
    if (!(await saveZipEntry(wheel, { wanted: DATABASE, to: database, maxBytes: DATABASE_BYTES }))) {
      throw new Error(`The wheel of pigar has no ${DATABASE}`);
    }
    const lines = listOwners(database);
    if (lines.length < minModules) throw new Error(`The list has but ${lines.length} names`);
    await writeWhole(out, `${[...header(newest), ...lines].join('\n')}\n`);
    return lines.length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const Counted = z.object({ module: z.string(), count: z.number() });
const Provided = z.object({ module: z.string(), distribution: z.string() });

function listOwners(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const counts = z
      .array(Counted)
      .parse(
        database.prepare('SELECT name AS module, count(*) AS count FROM top_level_module_names GROUP BY name').all(),
      );
    const provided = z
      .array(Provided)
      .parse(
        database
          .prepare(
            'SELECT m.name AS module, d.name AS distribution FROM top_level_module_names m ' +
              'JOIN distributions d ON d.id = m.distribution_id',
          )
          .all(),
      );
    return toLines(new Map(counts.map(({ module, count }) => [module, count])), provided);
  } finally {
    database.close();
  }
}

function toLines(counts: ReadonlyMap<string, number>, provided: readonly z.output<typeof Provided>[]) {
  const popular = popularNames('pypi');
  const owners = Map.groupBy(
    provided
      .map(({ module, distribution }) => ({ module, name: normaliseName('pypi', distribution) }))
      .filter(({ module, name }) => IDENTIFIER.test(module) && popular.has(name)),
    ({ module }) => module,
  );
  const rows = new Map<string, readonly string[]>();
  for (const [module, count] of counts) if (count >= COMMON && IDENTIFIER.test(module)) rows.set(module, [NOBODYS]);
  for (const [module, found] of owners) {
    const row = rowOf(module, { count: counts.get(module) ?? 0, names: [...new Set(found.map(({ name }) => name))] });
    if (row === undefined) rows.delete(module);
    else rows.set(module, row);
  }
  for (const module of CARELESS) rows.set(module, [NOBODYS]);
  for (const [module, ...names] of BY_HAND) rows.set(module, names);
  const { isPythons } = moduleOwners();
  return [...rows]
    .filter(([module]) => !isPythons(module))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([module, names]) => [module, ...names].join(' '));
}

/** Returns the owners of a module; undefined where its name says them. */
function rowOf(module: string, { count, names }: { readonly count: number; readonly names: readonly string[] }) {
  const own = normaliseName('pypi', module);
  const sorted = names
    .toSorted((a, b) => popularNames('pypi').rank(a) - popularNames('pypi').rank(b))
    .slice(0, MAX_OWNERS);
  if (names.filter((name) => name.startsWith(`${own}-`)).length >= SHARING) return [SHARED, ...sorted.slice(0, 1)];
  if (count >= COMMON && !names.includes(own)) return [NOBODYS];
  return names.length === 1 && names[0] === own ? undefined : sorted;
}

const header = (version: string): readonly string[] => [
  '# Import names of Python and the well-known distributions that bring them, where the names differ.',
  `# "${SHARED}": a namespace that many add to; "${NOBODYS}": a name that many have and nobody owns. See NOTICE.`,
  `# Made by refresh-modules.ts from pigar ${version}. Copyright (c) 2020, XiaoChao Dong. BSD-3-Clause.`,
];

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      index: { type: 'string', default: 'https://pypi.org/simple' },
      out: { type: 'string', default: MODULE_OWNERS_FILE },
    },
  });
  // oxlint-disable-next-line node/no-process-env -- a command is its own main
  const fetcher = createFetcher({ proxy: proxyOf(process.env) });
  const count = await refreshModules(fetcher, values);
  await fetcher.close();
  process.stdout.write(`${count} names in ${values.out}\n`);
}
