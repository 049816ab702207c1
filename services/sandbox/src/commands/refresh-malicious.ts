// Builds the list of malicious packages from OSV's public dump, as the service does by itself every day.
// Options: --url <base of the dump>, --out <file>, which is `packages/malicious-packages.tsv.gz` of the sandbox's data directory for the service to find it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import yauzl from 'yauzl';
import { createFetcher, type Fetcher } from '../packages/index/fetcher.ts';
import { writeWhole } from '../packages/json-file.ts';
import { formatList, type ListedAdvisory, readList } from '../packages/policy/malicious-list.ts';
import { readOsvRecord } from './osv-record.ts';
import { proxyOf } from './proxy-environment.ts';

const DEFAULT_URL = 'https://osv-vulnerabilities.storage.googleapis.com';
const DEFAULT_OUT = fileURLToPath(
  new URL('../../../../data/sandbox/packages/malicious-packages.tsv.gz', import.meta.url),
);
const DUMPS = { pypi: 'PyPI/all.zip', npm: 'npm/all.zip' } as const;

export interface DumpLimits {
  readonly zipBytes: number;
  readonly recordBytes: number;
  readonly records: number;
}

const MIB = 1_024 ** 2;
const LIMITS: DumpLimits = { zipBytes: 1_024 * MIB, recordBytes: 4 * MIB, records: 2_000_000 };

export interface RefreshMaliciousOptions {
  /** Address of the dumps. */
  readonly base: string;
  /** Path of the list. */
  readonly out: string;
  readonly now: Date;
  readonly limits?: DumpLimits;
}

/** A list that has lost so much since the last time is taken for a broken one. */
const LEAST_SHARE = 0.8;

/**
 * Downloads both dumps and writes the list to `out`, packed; returns the number of its packages. The old one stays where
 * anything goes wrong.
 * @throws Refusal when a dump cannot be had, Error when it is not one, or holds far fewer packages than the old list
 */
export async function refreshMalicious(
  fetcher: Fetcher,
  { base, out, now, limits = LIMITS }: RefreshMaliciousOptions,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'osv-'));
  try {
    const read = async (ecosystem: Ecosystem): Promise<readonly ListedAdvisory[]> => {
      const path = join(folder, `${ecosystem}.zip`);
      const url = new URL(DUMPS[ecosystem], base.replace(/(?<!\/)\/*$/, '/')).href;
      await fetcher.download(url, path, { signal: AbortSignal.timeout(1_800_000), maxBytes: limits.zipBytes });
      const advisories = await readDump(path, ecosystem, limits);
      await rm(path);
      return advisories;
    };
    const advisories = [...(await read('pypi')), ...(await read('npm'))];
    const names = new Set(advisories.map(({ ecosystem, name }) => `${ecosystem} ${name}`)).size;
    if (names === 0) throw new Error('The dumps hold no record of a malicious package');
    const before = (await readList(out).catch(() => undefined))?.names ?? 0;
    if (names < before * LEAST_SHARE) throw new Error(`The dumps hold ${names} packages, and the list had ${before}`);
    const source = `OSV (https://osv.dev), records MAL-* of ${base}`;
    await writeWhole(out, await promisify(gzip)(formatList(advisories, now, source)));
    return names;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readDump(path: string, ecosystem: Ecosystem, limits: DumpLimits): Promise<readonly ListedAdvisory[]> {
  const found: ListedAdvisory[] = [];
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  try {
    let records = 0;
    for await (const entry of zip.eachEntry()) {
      if (!/^MAL-\d+-\d+\.json$/.test(entry.fileName)) continue;
      records += 1;
      if (records > limits.records || entry.uncompressedSize > limits.recordBytes) {
        throw new Error(`The dump of ${ecosystem} is larger than it should be`);
      }
      found.push(...readOsvRecord(ecosystem, await text(await zip.openReadStreamPromise(entry))));
    }
  } finally {
    zip.close();
  }
  return found;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { url: { type: 'string', default: DEFAULT_URL }, out: { type: 'string', default: DEFAULT_OUT } },
  });
  // oxlint-disable-next-line node/no-process-env -- a command is its own main
  const fetcher = createFetcher({ proxy: proxyOf(process.env), fileTimeoutMs: 1_800_000 });
  const count = await refreshMalicious(fetcher, { base: values.url, out: values.out, now: new Date() });
  await fetcher.close();
  process.stdout.write(`${count} malicious packages in ${values.out}\n`);
}
