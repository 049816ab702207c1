import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fetcher } from '../packages/index/fetcher.ts';
import type { PackageIndex } from '../packages/index/project.ts';
import { Refusal } from '../packages/refusal.ts';
import { limitParallel } from './limit-parallel.ts';
import type { LockedWheel } from './lock.ts';

/** A pinned wheel to download. */
export interface WantedWheel {
  readonly name: string;
  readonly version: string;
  readonly wheel: LockedWheel;
}

export interface DownloadsOptions {
  /** Keeps finished files, each named after its hash, for a build that goes on after it was interrupted. */
  readonly directory: string;
  readonly fetcher: Fetcher;
  readonly index: PackageIndex;
  readonly signal: AbortSignal;
}

/** Files at once: an index serves several over one connection, and unpacking goes on beside it. */
const PARALLEL = 6;

/** Downloads pinned wheels, several at once, each against its hash. One that was downloaded before is not again. */
export function createDownloads({ directory, fetcher, index, signal }: DownloadsOptions) {
  const limit = limitParallel(PARALLEL);

  const urlOf = async ({ name, wheel: { file } }: WantedWheel): Promise<string> => {
    const { releases } = await index.project(name, signal);
    const found = releases.flatMap(({ files }) => files).find(({ filename }) => filename === file);
    if (found === undefined) throw new Refusal('not_found', `The index does not have ${file}`);
    return found.url;
  };

  const download = async (wanted: WantedWheel, path: string): Promise<void> => {
    const { file, sha256, bytes } = wanted.wheel;
    const unfinished = `${path}.${randomUUID()}`;
    try {
      const url = await urlOf(wanted);
      await mkdir(directory, { recursive: true });
      const fetched = await fetcher.download(url, unfinished, { signal, maxBytes: bytes });
      if (fetched.sha256 !== sha256) {
        throw new Refusal('hash_mismatch', `${file} of the index is not the pinned file: its hash differs`);
      }
      await rename(unfinished, path);
    } finally {
      await rm(unfinished, { force: true });
    }
  };

  return {
    /** Returns the path of the file. @throws Refusal hash_mismatch, not_found, index_unreachable */
    fetch: (wanted: WantedWheel): Promise<string> =>
      limit(async () => {
        const path = join(directory, `${wanted.wheel.sha256}.whl`);
        const size = await stat(path).then(
          (found) => found.size,
          () => -1,
        );
        if (size !== wanted.wheel.bytes) await download(wanted, path);
        return path;
      }),
    forget: (wheels: readonly LockedWheel[]): Promise<unknown> =>
      Promise.all(wheels.map(({ sha256 }) => rm(join(directory, `${sha256}.whl`), { force: true }))),
  };
}
