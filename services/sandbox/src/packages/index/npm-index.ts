import { z } from 'zod';
import type { Fetcher } from './fetcher.ts';
import type { PackageIndex, Release } from './project.ts';
import { Refusal } from '../refusal.ts';

/** The short form has no times of publication, but is a tenth as long: enough for well-known packages. */
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
});

/** A registry such as `https://registry.npmjs.org`. For packages that `isPopular` names, the short form is enough. */
export function createNpmIndex(fetcher: Fetcher, registry: string, isPopular: (name: string) => boolean): PackageIndex {
  const base = registry.replace(/(?<!\/)\/*$/, '/');
  return {
    async project(name, signal) {
      const url = new URL(name.replace('/', '%2f'), base).href;
      const accept = isPopular(name) ? SHORT : 'application/json';
      const { text } = await fetcher.text(url, { signal, accept, maxBytes: MAX_PACKUMENT_BYTES });
      const packument = parsePackument(text);
      if (packument.name !== name) throw new Refusal('not_found', `The registry answered with another package`);
      const releases = Object.entries(packument.versions).flatMap(([version, manifest]) => {
        return toRelease({ name, version, base }, manifest, packument.time[version]) ?? [];
      });
      const latest = packument['dist-tags']['latest'];
      const isHolding = releases.length > 0 && releases.every(({ version }) => /^0\.0\.\d+-security/.test(version));
      return { name, state: isHolding ? 'security_holding' : 'active', releases, latest };
    },
  };
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
