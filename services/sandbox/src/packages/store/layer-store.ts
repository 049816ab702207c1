import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import type { ArchiveLimits } from '../archive/archive.ts';
import { readJson, writeJson } from '../json-file.ts';
import { chooseEvictions, type Eviction, type EvictionLimits } from './choose-evictions.ts';
import { type LayerUse, recordPath } from './layer-use.ts';
import { createLayerWriter, type WriteFile } from './layer-writer.ts';
import { removeTree, sealDirectories, sha256, treeOf } from './sealed-tree.ts';

/** Raised when checks are added that earlier layers may fail: those are built anew, and never used again. */
const RULES = 2;

const LayerRecord = z.object({
  ecosystem: Ecosystem,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      hash: z.string(),
      size_bytes: z.number(),
      modules: z.array(z.string()).default([]).describe('The names by which programs import it'),
    }),
  ),
  rules: z.number().default(0).describe('The version of the checks that it has passed'),
  installed_at: z.string(),
  size_bytes: z.number(),
  /** Digest of every path and content, so that a layer that was written to is not used again. */
  tree: z.string(),
});
export type LayerRecord = z.output<typeof LayerRecord>;

/** A layer on disk, which is never written again. */
export interface StoredLayer {
  readonly directory: string;
  readonly record: LayerRecord;
}

export interface LayerPackage {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
  /** The names by which programs import it. */
  readonly modules: readonly string[];
}

export interface LayerContent {
  readonly ecosystem: Ecosystem;
  readonly packages: readonly LayerPackage[];
  /** Anything else that the layer depends on: the paths of npm, the interpreter. */
  readonly ingredients: readonly string[];
  /** Unpacks the package at `index` of `packages`. */
  unpack(index: number, write: WriteFile): Promise<void>;
}

/**
 * Read-only directories of packages, each named after what is in it: two requests that need the same packages share
 * one, and no program can change what another one imports.
 */
export interface LayerStore {
  build(content: LayerContent): Promise<StoredLayer>;
  /** Returns the layer of an earlier request. Undefined when there is none, or when it is not as it was built. */
  recall(requestKey: string): Promise<StoredLayer | undefined>;
  remember(requestKey: string, layer: StoredLayer): Promise<void>;
  list(): Promise<readonly LayerRecord[]>;
  /** Returns every layer that is as it was built. */
  all(): Promise<readonly StoredLayer[]>;
  /** Removes layers that were not used for long, or for which there is no room. Returns what it has removed. */
  evict(): Promise<readonly Eviction[]>;
}

const Remembered = z.object({ ecosystem: Ecosystem, digest: z.string().regex(/^[0-9a-f]{64}$/) });

export interface LayerStoreOptions {
  readonly directory: string;
  /** Directory of unfinished layers; on the same file system. */
  readonly workDirectory: string;
  readonly limits: Pick<ArchiveLimits, 'unpackedBytes'>;
  /** Limits of all layers together. */
  readonly eviction: EvictionLimits;
  readonly use: LayerUse;
  now(): Date;
}

export function createLayerStore(options: LayerStoreOptions): LayerStore {
  const { directory, workDirectory, limits, eviction, use, now } = options;
  const finished = createLayerFiles(join(directory, 'layers'));
  const requestPath = (key: string) => join(directory, 'requests', `${sha256(key)}.json`);

  /** Unpacks all packages and returns the record of what came of it. */
  const unpackAll = async (content: LayerContent, digest: string, building: string): Promise<LayerRecord> => {
    const { ecosystem, packages, unpack } = content;
    // What no program has makes room afterwards.
    const inUse = (await finished.list())
      .filter((record) => !use.isFree(finished.pathOf(record)))
      .reduce((sum, { size_bytes }) => sum + size_bytes, 0);
    const writer = createLayerWriter(building, Math.min(limits.unpackedBytes, eviction.maxBytes - inUse));
    const sized = [];
    for (const [index, { name, version, hash, modules }] of packages.entries()) {
      const before = writer.writtenBytes;
      await unpack(index, writer.write);
      sized.push({ name, version, hash, modules: [...modules], size_bytes: writer.writtenBytes - before });
    }
    const [installed_at, size_bytes] = [now().toISOString(), writer.writtenBytes];
    return { ecosystem, digest, packages: sized, rules: RULES, installed_at, size_bytes, tree: writer.tree() };
  };

  return {
    list: finished.list,
    async all() {
      const found = await Promise.all(
        (await finished.list()).map(({ ecosystem, digest }) => finished.find(ecosystem, digest)),
      );
      return found.flatMap((layer) => layer ?? []);
    },
    async build(content) {
      const { ecosystem, packages, ingredients } = content;
      const digest = sha256(JSON.stringify([RULES, ecosystem, ingredients, packages]));
      const existing = await finished.find(ecosystem, digest);
      if (existing !== undefined) {
        use.touch(existing.directory);
        return existing;
      }
      const building = join(workDirectory, `layer-${randomUUID()}`);
      try {
        const layer = await finished.publish(building, await unpackAll(content, digest, building));
        use.touch(layer.directory);
        return layer;
      } finally {
        await removeTree(building);
      }
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

async function evictFrom(
  finished: ReturnType<typeof createLayerFiles>,
  { directory, workDirectory, eviction, use, now }: LayerStoreOptions,
): Promise<readonly Eviction[]> {
  const layers = await Promise.all(
    (await finished.list()).map(async (record) => {
      const path = finished.pathOf(record);
      const recordMs = (await stat(recordPath(path)).catch(() => undefined))?.mtimeMs ?? now().getTime();
      const lastUsedMs = use.lastUsedMs(path, recordMs);
      return { directory: path, bytes: record.size_bytes, lastUsedMs, isFree: use.isFree(path) };
    }),
  );
  const removed: Eviction[] = [];
  for (const one of chooseEvictions(layers, eviction, now().getTime())) {
    // A program may have got it while others were removed.
    if (!use.isFree(one.directory)) continue;
    await finished.remove(one.directory, join(workDirectory, `evicted-${randomUUID()}`));
    removed.push(one);
  }
  if (removed.length > 0) await forgetRequests(join(directory, 'requests'), await finished.list());
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

/** The finished layers below `layers`: a directory each, with its record beside it. */
function createLayerFiles(layers: string) {
  const verified = new Map<string, StoredLayer>();
  const layerPath = (ecosystem: Ecosystem, digest: string) => join(layers, ecosystem, digest);

  const find = async (ecosystem: Ecosystem, digest: string): Promise<StoredLayer | undefined> => {
    const path = layerPath(ecosystem, digest);
    const known = verified.get(path);
    if (known !== undefined) return known;
    const record = await readJson(`${path}.json`, LayerRecord).catch(() => undefined);
    if (record?.rules !== RULES || (await treeOf(path).catch(() => undefined)) !== record.tree) return undefined;
    const layer = { directory: path, record };
    verified.set(path, layer);
    return layer;
  };

  const list = async (): Promise<readonly LayerRecord[]> => {
    const paths = await Promise.all(Ecosystem.options.map((ecosystem) => recordPaths(join(layers, ecosystem))));
    const records = await Promise.all(paths.flat().map((path) => readJson(path, LayerRecord).catch(() => undefined)));
    return records.flatMap((record) => record ?? []);
  };

  const publish = async (building: string, record: LayerRecord): Promise<StoredLayer> => {
    const path = layerPath(record.ecosystem, record.digest);
    await mkdir(dirname(path), { recursive: true });
    await sealDirectories(building);
    // A directory that cannot be written cannot be moved either; its inside is sealed by now.
    await chmod(building, 0o755);
    // The record first: a reader that finds the directory knows what it should hold.
    await writeJson(`${path}.json`, record);
    try {
      await rename(building, path);
    } catch {
      // Another install was faster. Its layer is verified like any other, and replaced where it is not in order.
      const other = await find(record.ecosystem, record.digest);
      if (other !== undefined) return other;
      await removeTree(path);
      await rename(building, path);
    }
    await chmod(path, 0o555);
    const layer = { directory: path, record };
    verified.set(path, layer);
    return layer;
  };

  /** Removes a layer: from its first step on it is found by nobody. */
  const remove = async (path: string, aside: string): Promise<void> => {
    verified.delete(path);
    await rm(recordPath(path), { force: true });
    await chmod(path, 0o755);
    await rename(path, aside);
    await removeTree(aside);
  };

  const pathOf = ({ ecosystem, digest }: LayerRecord): string => layerPath(ecosystem, digest);
  return { find, list, publish, remove, pathOf };
}

/** Returns the paths of records that have their layer beside them. */
async function recordPaths(directory: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(directory).catch(() => []);
  return names.filter((name) => names.includes(`${name}.json`)).map((name) => join(directory, `${name}.json`));
}
