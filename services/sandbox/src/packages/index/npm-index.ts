import { z } from 'zod';
import type { Fetcher } from './fetcher.ts';
import { type PackageIndex, type Project, refuseTooMany, type Release } from './project.ts';
import { Refusal } from '../refusal.ts';

/**
 * The short form is a tenth as long, and has no times of publication but the one of the last change: enough for a
 * well-known package that has not changed for a while.
 */
const SHORT = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8';
const MAX_PACKUMENT_BYTES = 64 * 1_024 ** 2;

const Manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  dist: z.looseObject({
    tarball: z.string(),
    integrity: z.string().optional(),
    unpackedSize: z.number().optional(),
  }),
});

const Packument = z.object({
  name: z.string(),
  'dist-tags': z.record(z.string(), z.string()).default({}),
  versions: z.record(z.string(), z.unknown()).default({}),
  time: z.record(z.string(), z.unknown()).default({}),
  modified: z.string().optional(),
});

export interface NpmIndexOptions {
  readonly isPopular: (name: string) => boolean;
  /** Packages that have changed later than this are read in full. */
  readonly settledBefore: () => Date;
}

/** A registry such as `https://registry.npmjs.org`. */
export function createNpmIndex(
  fetcher: Fetcher,
  registry: string,
  { isPopular, settledBefore }: NpmIndexOptions,
): PackageIndex {
  const base = registry.replace(/(?<!\/)\/*$/, '/');
  const read = async (name: string, accept: string, signal: AbortSignal) => {
    const url = new URL(name.replace('/', '%2f'), base).href;
    const { text } = await fetcher.text(url, { signal, accept, maxBytes: MAX_PACKUMENT_BYTES });
    return parsePackument(text);
  };
  const inShort = async (name: string, signal: AbortSignal) => {
    const packument = await read(name, SHORT, signal);
    const hasTimes = Object.keys(packument.time).length > 0;
    const isSettled = new Date(packument.modified ?? '').getTime() <= settledBefore().getTime();
    return hasTimes || isSettled ? packument : undefined;
  };
  return {
    async project(name, signal) {
      const short = isPopular(name) ? await inShort(name, signal) : undefined;
      const packument = short ?? (await read(name, 'application/json', signal));
      if (packument.name !== name) throw new Refusal('not_found', `The registry answered with another package`);
      refuseTooMany(name, Object.keys(packument.versions).length);
      const releases = Object.entries(packument.versions).flatMap(([version, manifest]) => {
        return toRelease({ name, version, base }, manifest, packument.time[version]) ?? [];
      });
      const latest = packument['dist-tags']['latest'];
      return { name, state: stateOf(releases), releases, latest };
    },
  };
}

/** The registry puts such a release in the place of malicious ones, and gives some of the names away later. */
const HOLDING = /^0\.0\.\d+-security/;

function stateOf(releases: readonly Release[]): Project['state'] {
  const held = releases.filter(({ version }) => HOLDING.test(version)).length;
  if (held === 0) return 'active';
  return held === releases.length ? 'security_holding' : 'was_held';
}

function parsePackument(text: string): z.output<typeof Packument> {
  try {
    return Packument.parse(JSON.parse(text));
  } catch (cause) {
    throw new Refusal('index_unreachable', 'The registry sent an invalid answer', { cause });
  }
}

interface ReleaseKey {
  readonly name: string;
  readonly version: string;
  /** Address of the registry. */
  readonly base: string;
}

/** Undefined for a release with an invalid description, as a few of the oldest have. */
function toRelease({ name, version, base }: ReleaseKey, description: unknown, time: unknown): Release | undefined {
  const parsed = Manifest.safeParse(description);
  if (!parsed.success || parsed.data.name !== name || parsed.data.version !== version) return undefined;
  const { dist } = parsed.data;
  if (!URL.canParse(dist.tarball, base)) return undefined;
  const url = new URL(dist.tarball, base);
  if (url.protocol !== 'https:' && url.protocol !== new URL(base).protocol) return undefined;
  const published = new Date(typeof time === 'string' ? time : '');
  const sha512 = /(?:^|\s)sha512-([A-Za-z0-9+/]{86}==)/.exec(dist.integrity ?? '')?.[1];
  const hash = sha512 === undefined ? undefined : `sha512:${sha512}`;
  const filename = `${version}.tgz`;
  return {
    version,
    publishedAt: Number.isNaN(published.getTime()) ? undefined : published,
    isYanked: false,
    files: [{ filename, url: url.href, hash, sizeBytes: undefined }],
    manifest: parsed.data,
  };
}
