import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import { readJson, writeJson } from '../json-file.ts';
import { Refusal } from '../refusal.ts';
import { chooseEvictions, type Eviction, type EvictionLimits } from './choose-evictions.ts';
import { writeCommands } from './commands.ts';
import type { LayerUse } from './layer-use.ts';
import { linkTree } from './link-tree.ts';
import type { PackageStore, StoredPackage } from './package-store.ts';
import { removeTree, sha256 } from './sealed-tree.ts';
import { createTreeFiles, recordPath, RULES, type StoredTree } from './tree-files.ts';

const LayerRecord = z.object({
  ecosystem: Ecosystem,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  target: z.string().describe('The interpreter that it is for'),
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      digest: z.string().describe('Its name in the store of packages'),
      size_bytes: z.number(),
      modules: z.array(z.string()).describe('The names by which programs import it'),
    }),
  ),
  installed_at: z.string(),
  rules: z.number(),
  fingerprint: z.string(),
});
export type LayerRecord = z.output<typeof LayerRecord>;

/** A layer on disk, which is never written again: the files of a set of packages, in one tree. */
export type StoredLayer = StoredTree<LayerRecord>;

/** A package of a layer, and its place there. */
export interface LayerPackage {
  readonly stored: StoredPackage;
  /** Its path in npm's tree, such as `node_modules/a/node_modules/b`; empty for PyPI. */
  readonly place: string;
  /** The names by which programs import it in this layer. */
  readonly modules: readonly string[];
}

export interface LayerContent {
  readonly ecosystem: Ecosystem;
  readonly target: string;
  readonly packages: readonly LayerPackage[];
}

/**
 * Read-only directories of packages, each named after what is in it: two requests that need the same packages share
 * one, and no program can change what another one imports. The files are hard links to those of the package store.
 */
export interface LayerStore {
  build(content: LayerContent): Promise<StoredLayer>;
  /** Returns the layer of an earlier request. Undefined when there is none, or when it is not as it was built. */
  recall(requestKey: string): Promise<StoredLayer | undefined>;
  remember(requestKey: string, layer: StoredLayer): Promise<void>;
  list(): Promise<readonly LayerRecord[]>;
  /** Returns the directory of a layer. */
  pathOf(record: LayerRecord): string;
  /** Returns a layer that is as it was built. */
  find(ecosystem: Ecosystem, digest: string): Promise<StoredLayer | undefined>;
  /** Removes layers that were not used for long, or for which there is no room. Returns what it has removed. */
  evict(): Promise<readonly Eviction[]>;
}

const Remembered = z.object({ ecosystem: Ecosystem, digest: z.string().regex(/^[0-9a-f]{64}$/) });

export interface LayerStoreOptions {
  readonly directory: string;
  /** Directory of unfinished layers; on the same file system. */
  readonly workDirectory: string;
  readonly packages: PackageStore;
  /** Most of one layer, unpacked. */
  readonly maxLayerBytes: number;
  /** Limits of all layers together. */
  readonly eviction: EvictionLimits;
  readonly use: LayerUse;
  now(): Date;
}

export function createLayerStore(options: LayerStoreOptions): LayerStore {
  const { directory, workDirectory, use, now } = options;
  const finished = createTreeFiles(join(directory, 'sets'), LayerRecord);
  const requests = join(directory, 'requests');
  const requestPath = (key: string) => join(requests, `${sha256(key)}.json`);

  const link = async ({ ecosystem, target, packages }: LayerContent, digest: string): Promise<StoredLayer> => {
    const building = join(workDirectory, `set-${randomUUID()}`);
    await mkdir(building, { recursive: true });
    try {
      for (const { stored, place } of packages) await linkTree(stored.directory, join(building, place));
      await writeCommands(ecosystem, building);
      return await finished.publish(building, {
        ecosystem,
        digest,
        target,
        packages: packages.map(({ stored: { record }, modules }) => ({
          name: record.name,
          version: record.version,
          digest: record.digest,
          size_bytes: record.size_bytes,
          modules: [...modules],
        })),
        installed_at: now().toISOString(),
      });
    } finally {
      await removeTree(building);
    }
  };

  return {
    list: finished.list,
    pathOf: finished.pathOf,
    async find(ecosystem, digest) {
      const layer = await finished.find(ecosystem, digest);
      if (layer !== undefined) use.touch(layer.directory);
      return layer;
    },
    async build(content) {
      const { ecosystem, target, packages } = content;
      const parts = packages.map(({ stored, place }) => [stored.record.digest, place]);
      const digest = sha256(JSON.stringify([RULES, ecosystem, target, parts]));
      const existing = await finished.find(ecosystem, digest);
      if (existing === undefined) refuseTooLarge(packages, await heldPackages(finished, use), options);
      const layer = existing ?? (await link(content, digest));
      use.touch(layer.directory);
      return layer;
    },
    async recall(requestKey) {
      const remembered = await readJson(requestPath(requestKey), Remembered).catch(() => undefined);
      const layer = remembered && (await finished.find(remembered.ecosystem, remembered.digest));
      if (layer !== undefined) use.touch(layer.directory);
      return layer;
    },
    evict: () => evictFrom(finished, options),
    remember: (requestKey, { record: { ecosystem, digest } }) =>
      writeJson(requestPath(requestKey), { ecosystem, digest }),
  };
}

type Finished = ReturnType<typeof createTreeFiles<LayerRecord>>;

/** Returns the sizes of the packages in layers that programs have, which make no room. */
async function heldPackages(finished: Finished, use: LayerUse): Promise<Map<string, number>> {
  const held = (await finished.list()).filter((record) => !use.isFree(finished.pathOf(record)));
  return new Map(held.flatMap(({ packages }) => packages.map(({ digest, size_bytes }) => [digest, size_bytes])));
}

const MIB = 1_024 ** 2;

function refuseTooLarge(
  packages: readonly LayerPackage[],
  held: Map<string, number>,
  { maxLayerBytes, eviction }: Pick<LayerStoreOptions, 'maxLayerBytes' | 'eviction'>,
): void {
  const sizes = new Map(packages.map(({ stored: { record } }) => [record.digest, record.size_bytes]));
  const bytes = sum(sizes.values());
  if (bytes > maxLayerBytes) {
    const message = `The packages together take ${toMib(bytes)} MiB; the policy allows ${toMib(maxLayerBytes)}`;
    throw new Refusal('too_large', message);
  }
  if (sum(new Map([...held, ...sizes]).values()) <= eviction.maxBytes) return;
  throw new Refusal('too_large', 'The packages together take more room than there is (SANDBOX_LAYERS_MAX_MB)');
}

const toMib = (bytes: number): number => Math.ceil(bytes / MIB);
const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, one) => total + one, 0);

async function evictFrom(finished: Finished, options: LayerStoreOptions): Promise<readonly Eviction[]> {
  const { directory, workDirectory, eviction, use, now, packages } = options;
  const sets = await Promise.all(
    (await finished.list()).map(async (record) => {
      const path = finished.pathOf(record);
      const recordMs = (await stat(recordPath(path)).catch(() => undefined))?.mtimeMs ?? now().getTime();
      const lastUsedMs = use.lastUsedMs(path, recordMs);
      const parts = record.packages.map(({ digest, size_bytes }) => ({ digest, bytes: size_bytes }));
      return { directory: path, packages: parts, lastUsedMs, isFree: use.isFree(path) };
    }),
  );
  const removed: Eviction[] = [];
  for (const one of chooseEvictions(sets, eviction, now().getTime())) {
    // A program may have got it while others were removed.
    if (!use.isFree(one.directory)) continue;
    await finished.remove(one.directory, join(workDirectory, `evicted-${randomUUID()}`));
    removed.push(one);
  }
  const records = await finished.list();
  const used = new Set(records.flatMap((record) => record.packages.map(({ digest }) => digest)));
  await packages.removeUnused((digest) => used.has(digest));
  if (removed.length > 0) await forgetRequests(join(directory, 'requests'), records);
  return removed;
}

/** Removes what was remembered of requests whose layers are gone. */
async function forgetRequests(folder: string, records: readonly LayerRecord[]): Promise<void> {
  const digests = new Set(records.map(({ digest }) => digest));
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const remembered = await readJson(path, Remembered).catch(() => undefined);
    if (remembered === undefined || !digests.has(remembered.digest)) await rm(path, { force: true });
  }
}
