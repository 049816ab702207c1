// Builds the index of malicious packages from OSV's public dump. Options: --url <base of the dump>, --out <file>,
// which is `packages/malicious-packages.json` of the sandbox's data directory for the service to find it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import yauzl from 'yauzl';
import { createFetcher, type Fetcher } from '../packages/index/fetcher.ts';
import { writeWhole } from '../packages/json-file.ts';
import type { Advisory, MaliciousFile } from '../packages/policy/malicious.ts';
import { readOsvRecord } from './osv-record.ts';
import { proxyOf } from './proxy-environment.ts';

const DEFAULT_URL = 'https://osv-vulnerabilities.storage.googleapis.com';
const DEFAULT_OUT = fileURLToPath(
  new URL('../../../../data/sandbox/packages/malicious-packages.json', import.meta.url),
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
  /** Path of the index. */
  readonly out: string;
  readonly today: Date;
  readonly limits?: DumpLimits;
}

/**
 * Downloads both dumps and writes the index to `out`; the old one stays where anything goes wrong.
 * @throws Refusal when a dump cannot be had, Error when it is not one or holds no malicious package at all
 */
export async function refreshMalicious(
  fetcher: Fetcher,
  { base, out, today, limits = LIMITS }: RefreshMaliciousOptions,
): Promise<MaliciousFile> {
  const folder = await mkdtemp(join(tmpdir(), 'osv-'));
  try {
    const read = async (ecosystem: Ecosystem): Promise<Record<string, Advisory[]>> => {
      const path = join(folder, `${ecosystem}.zip`);
      const url = new URL(DUMPS[ecosystem], base.replace(/(?<!\/)\/*$/, '/')).href;
      await fetcher.download(url, path, { signal: AbortSignal.timeout(1_800_000), maxBytes: limits.zipBytes });
      return readDump(path, ecosystem, limits);
    };
    const index: MaliciousFile = {
      source: `OSV (https://osv.dev), records MAL-* of ${base}`,
      updated: today.toISOString().slice(0, 10),
      pypi: await read('pypi'),
      npm: await read('npm'),
    };
    const count = Object.keys(index.pypi).length + Object.keys(index.npm).length;
    if (count === 0) throw new Error('The dumps hold no record of a malicious package');
    await writeWhole(out, `${JSON.stringify(index)}\n`);
    return index;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readDump(path: string, ecosystem: Ecosystem, limits: DumpLimits): Promise<Record<string, Advisory[]>> {
  const found = new Map<string, Advisory[]>();
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  try {
    let records = 0;
    for await (const entry of zip.eachEntry()) {
      if (!/^MAL-[0-9]+-[0-9]+\.json$/.test(entry.fileName)) continue;
      records += 1;
      if (records > limits.records || entry.uncompressedSize > limits.recordBytes) {
        throw new Error(`The dump of ${ecosystem} is larger than it should be`);
      }
      const content = await text(await zip.openReadStreamPromise(entry));
      for (const { name, advisory } of readOsvRecord(ecosystem, content)) {
        found.set(name, [...(found.get(name) ?? []), advisory]);
      }
    }
  } finally {
    zip.close();
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { url: { type: 'string', default: DEFAULT_URL }, out: { type: 'string', default: DEFAULT_OUT } },
  });
  // oxlint-disable-next-line node/no-process-env -- a command is its own main
  const fetcher = createFetcher({ proxy: proxyOf(process.env), fileTimeoutMs: 1_800_000 });
  const { pypi, npm } = await refreshMalicious(fetcher, { base: values.url, out: values.out, today: new Date() });
  await fetcher.close();
  process.stdout.write(`${Object.keys(pypi).length} of PyPI, ${Object.keys(npm).length} of npm in ${values.out}\n`);
}
