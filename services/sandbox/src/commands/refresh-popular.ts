// Renews the list of well-known PyPI names that typosquats are compared with, from the list in the newest wheel of
// guarddog (Apache-2.0). The list of npm is a dependency, npm-high-impact, and renewed with it.
// Option: --index <address of a simple index>, default https://pypi.org/simple; --out <file>.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ARCHIVE_LIMITS } from '../packages/archive/archive.ts';
import { downloadFile } from '../packages/resolve/attempt.ts';
import { createFetcher, type Fetcher } from '../packages/index/fetcher.ts';
import { writeWhole } from '../packages/json-file.ts';
import { POPULAR_PYPI_FILE } from '../packages/policy/popular-names.ts';
import { proxyOf } from './proxy-environment.ts';
import { createPypiIndex } from '../packages/index/pypi-index.ts';
import { isName, normaliseName } from '../packages/spec.ts';
import { newestVersion } from '../packages/versions.ts';
import { readZipText } from '../packages/archive/wheel.ts';

const LIST = 'guarddog/analyzer/metadata/resources/top_pypi_packages.json';
const MIN_NAMES = 1_000;

const List = z.object({ downloaded_timestamp: z.number().optional(), packages: z.array(z.string()) });

export interface RefreshPopularOptions {
  /** Address of a simple index. */
  readonly index: string;
  /** Path of the list. */
  readonly out: string;
  readonly minNames?: number;
}

/** Writes the list to `out` and returns how many names it has. @throws Refusal, Error when it is not a list */
export async function refreshPopular(
  fetcher: Fetcher,
  { index, out, minNames = MIN_NAMES }: RefreshPopularOptions,
): Promise<number> {
  const signal = AbortSignal.timeout(300_000);
  const { releases } = await createPypiIndex(fetcher, index).project('guarddog', signal);
  const newest = newestVersion(
    'pypi',
    releases.filter(({ files }) => files.length > 0).map(({ version }) => version),
  );
  const [file] = releases.find(({ version }) => version === newest)?.files ?? [];
  if (newest === undefined || file === undefined) throw new Error('The index has no wheel of guarddog');
  const folder = await mkdtemp(join(tmpdir(), 'popular-'));
  try {
    const path = join(folder, 'guarddog.whl');
    await downloadFile(fetcher, file, { path, subject: `guarddog ${newest}`, limits: ARCHIVE_LIMITS, signal });
    const { packages } = List.parse(JSON.parse((await readZipText(path, LIST)) ?? 'null'));
    const names = new Set(packages.filter((name) => isName('pypi', name)).map((name) => normaliseName('pypi', name)));
    if (names.size < minNames) throw new Error(`The list has but ${names.size} names`);
    await writeWhole(out, `${[...header(newest), ...names].join('\n')}\n`);
    return names.size;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const header = (version: string): readonly string[] => [
  '# Well-known names of PyPI, the most downloaded first. Made by refresh-popular.ts; see NOTICE.',
  `# Source: guarddog ${version}, top_pypi_packages.json. Copyright 2022-Present Datadog, Inc. Apache-2.0.`,
];

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      index: { type: 'string', default: 'https://pypi.org/simple' },
      out: { type: 'string', default: POPULAR_PYPI_FILE },
    },
  });
  // oxlint-disable-next-line node/no-process-env -- a command is its own main
  const fetcher = createFetcher({ proxy: proxyOf(process.env) });
  const count = await refreshPopular(fetcher, values);
  await fetcher.close();
  process.stdout.write(`${count} names in ${values.out}\n`);
}
