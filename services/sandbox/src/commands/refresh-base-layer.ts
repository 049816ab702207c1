// Renews the lock of the base layer: the newest releases that go together on the oldest Python that it is made for, with
// the hashes of all their Linux wheels, and the fonts. Needs pip and npm. Options: --index, --registry, --out <file>.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { type BaseLayerLock, LOCK_FILE, type LockedFont, type LockedPackage } from '../base-layer/lock.ts';
import { fitsSomeLinux } from '../base-layer/wheel-tags.ts';
import { createFetcher, type Fetcher } from '../packages/index/fetcher.ts';
import { createPypiIndex } from '../packages/index/pypi-index.ts';
import { writeWhole } from '../packages/json-file.ts';
import { normaliseName } from '../packages/spec.ts';
import { proxyOf } from './proxy-environment.ts';

/** The oldest interpreter that the releases have to fit; each has wheels for the later ones, too. */
const OLDEST_PYTHON = '3.11';

/** The sets, the first to be needed first. A package is in the first set that names it or needs it. */
const SETS: Readonly<Record<string, readonly string[]>> = {
  data: ['numpy', 'pandas', 'matplotlib', 'pillow', 'tabulate', 'jinja2', 'tzdata', 'typing-extensions'],
  documents:
    'openpyxl xlsxwriter xlrd python-docx python-pptx pypdf reportlab fpdf2 beautifulsoup4 lxml html5lib pyyaml tqdm'.split(
      ' ',
    ),
  analysis: ['scipy', 'scikit-learn', 'seaborn', 'statsmodels', 'sympy', 'networkx', 'plotly'],
  columnar: ['duckdb', 'polars', 'pyarrow'],
};

const FONTS: readonly (readonly [name: string, path: string])[] = [
  ['noto-sans', '400Regular/NotoSans_400Regular.ttf'],
  ['noto-sans-arabic', '400Regular/NotoSansArabic_400Regular.ttf'],
  ['noto-sans-bengali', '400Regular/NotoSansBengali_400Regular.ttf'],
  ['noto-sans-devanagari', '400Regular/NotoSansDevanagari_400Regular.ttf'],
  ['noto-sans-hebrew', '400Regular/NotoSansHebrew_400Regular.ttf'],
  ['noto-sans-tamil', '400Regular/NotoSansTamil_400Regular.ttf'],
  ['noto-sans-telugu', '400Regular/NotoSansTelugu_400Regular.ttf'],
  ['noto-sans-thai', '400Regular/NotoSansThai_400Regular.ttf'],
  ['noto-sans-symbols', '400Regular/NotoSansSymbols_400Regular.ttf'],
  ['noto-emoji', '400Regular/NotoEmoji_400Regular.ttf'],
  ['nanum-gothic', '400Regular/NanumGothic_400Regular.ttf'],
  ['noto-sans-sc', '400Regular/NotoSansSC_400Regular.ttf'],
];

const Report = z.object({
  install: z.array(z.object({ metadata: z.object({ name: z.string(), version: z.string() }) })),
});

const run = promisify(execFile);

/** Resolves the packages of the first `count` sets together. */
async function resolve(count: number, index: string): Promise<ReadonlyMap<string, string>> {
  const names = Object.values(SETS).slice(0, count).flat();
  const args =
    `-m pip install --dry-run --ignore-installed --quiet --report - --index-url ${index} --python-version ` +
    `${OLDEST_PYTHON} --only-binary :all: --target /nonexistent`;
  const { stdout } = await run('python3', [...args.split(' '), ...names], { maxBuffer: 64 * 1_024 ** 2 });
  const { install } = Report.parse(JSON.parse(stdout));
  return new Map(install.map(({ metadata }) => [normaliseName('pypi', metadata.name), metadata.version]));
}

async function lockPackage(fetcher: Fetcher, index: string, [name, version]: readonly [string, string]) {
  const { releases } = await createPypiIndex(fetcher, index).project(name, AbortSignal.timeout(60_000));
  const files = releases.find((release) => release.version === version)?.files ?? [];
  const wheels = files
    .filter(({ filename }) => fitsSomeLinux(filename))
    .map(({ filename, hash = '', sizeBytes = 0 }) => ({
      file: filename,
      sha256: hash.replace('sha256:', ''),
      bytes: sizeBytes,
    }))
    .toSorted((a, b) => (a.file < b.file ? -1 : 1));
  return { name, version, wheels } satisfies LockedPackage;
}

async function lockFont(registry: string, [name, path]: readonly [string, string]): Promise<LockedFont> {
  const folder = await mkdtemp(join(tmpdir(), 'toolmesh-font-'));
  try {
    const id = `@expo-google-fonts/${name}`;
    await run('npm', ['pack', '--silent', '--registry', registry, id], { cwd: folder });
    await run('sh', ['-c', 'tar xzf *.tgz'], { cwd: folder });
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8')));
    const font = await readFile(join(folder, 'package', path));
    const sha256 = createHash('sha256').update(font).digest('hex');
    return { package: id, version, path, sha256, bytes: font.length };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function refresh(index: string, registry: string): Promise<BaseLayerLock> {
  // oxlint-disable-next-line node/no-process-env -- a command is its own main: the proxy is set there
  const fetcher = createFetcher({ proxy: proxyOf(process.env) });
  const seen = new Set<string>();
  const sets = [];
  // All together decide on the versions; each prefix of the sets decides which of them has what the packages need.
  const versions = await resolve(Object.keys(SETS).length, index);
  for (const [at, name] of Object.keys(SETS).entries()) {
    const added = [...(await resolve(at + 1, index)).keys()].filter((known) => !seen.has(known)).toSorted();
    for (const known of added) seen.add(known);
    const packages = [];
    for (const known of added) packages.push(await lockPackage(fetcher, index, [known, versions.get(known) ?? '']));
    sets.push({ name, packages });
  }
  const fonts = [];
  for (const font of FONTS) fonts.push(await lockFont(registry, font));
  await fetcher.close();
  return { sets, fonts };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      index: { type: 'string', default: 'https://pypi.org/simple' },
      registry: { type: 'string', default: 'https://registry.npmjs.org' },
      out: { type: 'string', default: LOCK_FILE },
    },
  });
  await writeWhole(values.out, `${JSON.stringify(await refresh(values.index, values.registry), undefined, 1)}\n`);
}
