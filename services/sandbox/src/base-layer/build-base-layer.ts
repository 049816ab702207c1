import { chmod, mkdir, readdir, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cachedIndex } from '../packages/index/cached-index.ts';
import type { Fetcher } from '../packages/index/fetcher.ts';
import { createNpmIndex } from '../packages/index/npm-index.ts';
import { createPypiIndex } from '../packages/index/pypi-index.ts';
import { DAY_MS } from '../packages/index/project.ts';
import { Refusal } from '../packages/refusal.ts';
import { removeLeftovers, removeTree } from '../packages/store/sealed-tree.ts';
import { buildFonts } from './build-fonts.ts';
import { buildLibraries, chooseWheels } from './build-libraries.ts';
import { buildLocales } from './build-locales.ts';
import { holdLock } from './build-lock.ts';
import { createDownloads } from './downloads.ts';
import { finishedSets, FONTS, type LayerFolder, LOCALES } from './layer-folder.ts';
import { publishSet } from './set-publisher.ts';

/** A step of a build. */
export interface BuildProgress {
  /** The set that is built; undefined while another process builds, and at the end. */
  readonly set?: string;
  /** Of all sets together, those that were there before included. */
  readonly percent: number;
}

export interface BuildOptions {
  readonly folder: LayerFolder;
  readonly python: string;
  readonly fetcher: Fetcher;
  /** Address of the Python index. */
  readonly index: string;
  /** Address of npm's registry, where the fonts come from. */
  readonly registry: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BuildProgress) => void;
}

/** Whatever is pinned is settled. */
const NOW = (): Date => new Date();
/** A build's room on the disk: the wheels, what is in them, and its bytecode. */
const ROOM = 5;
/** Weight of the locales beside bytes of downloads. */
const LOCALES_WEIGHT = 8 * 1_024 ** 2;
const MIB = 1_024 ** 2;
/** Layers of earlier releases, once nobody has started with them for so long. */
const UNUSED_DAYS = 14;

/**
 * Builds the sets that are missing, one after the other, each from downloads that are checked against the pinned hashes.
 * A set that is done stays, whatever comes after, and so do finished downloads of one that is not.
 * @throws Refusal with a reason to show, Error
 */
export async function buildBaseLayer(options: BuildOptions): Promise<void> {
  const { folder, signal, onProgress } = options;
  const root = dirname(folder.directory);
  const workDirectory = join(root, 'work');
  // Readable to the users of workers, whatever the umask is.
  for (const directory of [root, folder.directory, workDirectory]) {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755).catch(() => {});
  }
  const { weightOf, percentOf } = weigh(folder);
  const release = await holdLock(`${folder.directory}.lock`, signal, () =>
    onProgress({ percent: percentOf(finishedSets(folder)) }),
  );
  try {
    await removeLeftovers(workDirectory);
    const index = cachedIndex(createPypiIndex(options.fetcher, options.index, { keepsYanked: true }));
    const downloads = createDownloads({ ...options, directory: join(root, 'downloads'), index });
    for (const set of folder.sets) {
      const done = finishedSets(folder);
      if (done.includes(set)) continue;
      await demandRoom(root, weightOf(set) * ROOM);
      let part = 0;
      const advance = (more: number): void => {
        part = Math.min(1, part + more);
        onProgress({ set, percent: percentOf(done, set, part) });
      };
      advance(0);
      await publishSet({ directory: folder.directory, workDirectory, set }, (into) =>
        fillSet(set, into, { ...options, downloads, advance }),
      );
    }
    await rm(join(root, 'downloads'), { recursive: true, force: true });
    await removeUnused(root, folder.directory);
    onProgress({ percent: 100 });
  } finally {
    release();
  }
}

interface FillOptions extends BuildOptions {
  readonly downloads: ReturnType<typeof createDownloads>;
  readonly advance: (part: number) => void;
}

async function fillSet(set: string, into: string, options: FillOptions): Promise<object> {
  const { lock, target } = options.folder;
  if (set === FONTS) {
    const registry = createNpmIndex(options.fetcher, options.registry, { isPopular: () => true, settledBefore: NOW });
    return buildFonts(into, { ...options, fonts: lock.fonts, registry });
  }
  if (set === LOCALES) return buildLocales(into, options);
  const wanted = chooseWheels(lock.sets.find(({ name }) => name === set)?.packages ?? [], target);
  const content = await buildLibraries(into, { ...options, wanted });
  await options.downloads.forget(wanted.map(({ wheel }) => wheel));
  return content;
}

function weigh({ lock, target, sets }: LayerFolder) {
  const weights = new Map([
    [FONTS, lock.fonts.reduce((sum, { bytes }) => sum + bytes, 0)],
    [LOCALES, LOCALES_WEIGHT],
    ...lock.sets.map(({ name, packages }): [string, number] => [
      name,
      chooseWheels(packages, target).reduce((sum, { wheel }) => sum + wheel.bytes, 0),
    ]),
  ]);
  const weightOf = (set: string): number => weights.get(set) ?? 0;
  const total = sets.reduce((sum, set) => sum + weightOf(set), 0);
  const percentOf = (done: readonly string[], set = '', part = 0): number => {
    const bytes = done.reduce((sum, one) => sum + weightOf(one), weightOf(set) * part);
    return Math.min(99, Math.floor((100 * bytes) / total));
  };
  return { weightOf, percentOf };
}

async function demandRoom(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const [needed, there] = [bytes, free].map((count) => Math.ceil(count / MIB));
  throw new Refusal(
    'too_large',
    `${directory} has ${there} MiB free, and the next libraries take ${needed} while they are built`,
  );
}

/** Removes the layers of other releases and interpreters that nobody has started with for a while. */
async function removeUnused(root: string, current: string): Promise<void> {
  await utimes(current, new Date(), new Date()).catch(() => {});
  for (const name of await readdir(root)) {
    const path = join(root, name);
    if (path === current || !/^[0-9a-f]{32}$/.test(name)) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > UNUSED_DAYS * DAY_MS) await removeTree(path);
  }
}
