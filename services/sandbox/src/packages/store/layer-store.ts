import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import type { ArchiveLimits } from '../archive/archive.ts';
import { readJson, writeJson } from '../json-file.ts';
import { Refusal } from '../refusal.ts';

const LayerRecord = z.object({
  ecosystem: Ecosystem,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  packages: z.array(z.object({ name: z.string(), version: z.string(), hash: z.string(), size_bytes: z.number() })),
  installed_at: z.string(),
  size_bytes: z.number(),
  /** Over every path and content, so that a layer which somebody wrote to is not used again. */
  tree: z.string(),
});
export type LayerRecord = z.output<typeof LayerRecord>;

/** A layer on disk: nothing writes to it any more. */
export interface StoredLayer {
  readonly directory: string;
  readonly record: LayerRecord;
}

/** Writes one file into a layer that is being built. False when another package has put a file there already. */
export type WriteFile = (path: string, content: AsyncIterable<Buffer>) => Promise<boolean>;

export interface LayerContent {
  readonly ecosystem: Ecosystem;
  readonly packages: readonly { readonly name: string; readonly version: string; readonly hash: string }[];
  /** What else the layer depends on: the paths of npm, the interpreter. */
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
  /** The layer that a request got before. Undefined when there is none, or when it is not as it was built. */
  recall(requestKey: string): Promise<StoredLayer | undefined>;
  remember(requestKey: string, layer: StoredLayer): Promise<void>;
  list(): Promise<readonly LayerRecord[]>;
  /** Every layer that is as it was built. */
  all(): Promise<readonly StoredLayer[]>;
}

const Remembered = z.object({ ecosystem: Ecosystem, digest: z.string().regex(/^[0-9a-f]{64}$/) });

export interface LayerStoreOptions {
  readonly directory: string;
  /** For what is being built; on the same file system. */
  readonly workDirectory: string;
  readonly limits: Pick<ArchiveLimits, 'unpackedBytes'>;
  /** Of all layers together. */
  readonly maxBytes: number;
  now(): Date;
}

export function createLayerStore({ directory, workDirectory, limits, maxBytes, now }: LayerStoreOptions): LayerStore {
  const layers = join(directory, 'layers');
  const verified = new Map<string, StoredLayer>();

  const layerPath = (ecosystem: Ecosystem, digest: string) => join(layers, ecosystem, digest);
  const requestPath = (key: string) => join(directory, 'requests', `${sha256(key)}.json`);

  const find = async (ecosystem: Ecosystem, digest: string): Promise<StoredLayer | undefined> => {
    const path = layerPath(ecosystem, digest);
    const known = verified.get(path);
    if (known !== undefined) return known;
    const record = await readJson(`${path}.json`, LayerRecord).catch(() => undefined);
    if (record === undefined || (await treeOf(path).catch(() => undefined)) !== record.tree) return undefined;
    const layer = { directory: path, record };
    verified.set(path, layer);
    return layer;
  };

  const list = async (): Promise<readonly LayerRecord[]> => {
    const paths = await Promise.all(
      Ecosystem.options.map(async (ecosystem) => {
        const names: readonly string[] = await readdir(join(layers, ecosystem)).catch(() => []);
        const digests = names.filter((name) => names.includes(`${name}.json`));
        return digests.map((digest) => join(layers, ecosystem, `${digest}.json`));
      }),
    );
    const records = await Promise.all(paths.flat().map((path) => readJson(path, LayerRecord).catch(() => undefined)));
    return records.flatMap((record) => record ?? []);
  };

  const publish = async (building: string, record: LayerRecord): Promise<StoredLayer> => {
    const path = layerPath(record.ecosystem, record.digest);
    await mkdir(dirname(path), { recursive: true });
    await sealDirectories(building);
    // A directory that cannot be written cannot be moved either; its inside is sealed by now.
    await chmod(building, 0o755);
    // The record first: whoever finds the directory finds what it should hold.
    await writeJson(`${path}.json`, record);
    try {
      await rename(building, path);
    } catch {
      // Another install was faster. What it has is looked at like any other; what is not in order makes room.
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

  return {
    list,
    async all() {
      const found = await Promise.all((await list()).map(({ ecosystem, digest }) => find(ecosystem, digest)));
      return found.flatMap((layer) => layer ?? []);
    },
    async build({ ecosystem, packages, ingredients, unpack }) {
      const digest = sha256(JSON.stringify([ecosystem, ingredients, packages]));
      const existing = await find(ecosystem, digest);
      if (existing !== undefined) return existing;
      const used = (await list()).reduce((sum, { size_bytes }) => sum + size_bytes, 0);
      const building = join(workDirectory, `layer-${randomUUID()}`);
      try {
        const writer = createWriter(building, Math.min(limits.unpackedBytes, maxBytes - used));
        const sized = [];
        for (const [index, { name, version, hash }] of packages.entries()) {
          const before = writer.writtenBytes;
          await unpack(index, writer.write);
          sized.push({ name, version, hash, size_bytes: writer.writtenBytes - before });
        }
        return await publish(building, {
          ecosystem,
          digest,
          packages: sized,
          installed_at: now().toISOString(),
          size_bytes: writer.writtenBytes,
          tree: writer.tree(),
        });
      } finally {
        await removeTree(building);
      }
    },
    async recall(requestKey) {
      const remembered = await readJson(requestPath(requestKey), Remembered).catch(() => undefined);
      return remembered === undefined ? undefined : find(remembered.ecosystem, remembered.digest);
    },
    remember: (requestKey, { record: { ecosystem, digest } }) =>
      writeJson(requestPath(requestKey), { ecosystem, digest }),
  };
}

function createWriter(directory: string, maxBytes: number) {
  const made = new Set<string>();
  const files = new Map<string, string>();
  let writtenBytes = 0;
  const write: WriteFile = async (path, content) => {
    if (files.has(path)) {
      for await (const _ of content) continue;
      return false;
    }
    const target = join(directory, path);
    const parent = dirname(target);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    const hash = createHash('sha256');
    // Opened by itself: a stream per file makes a package of thousands of small ones slow.
    const file = await open(target, 'wx', 0o444);
    try {
      for await (const chunk of content) {
        writtenBytes += chunk.length;
        if (writtenBytes > maxBytes) {
          throw new Refusal('too_large', 'The packages together take more room than there is');
        }
        hash.update(chunk);
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    files.set(path, hash.digest('hex'));
    return true;
  };
  return {
    write,
    tree: () => digestOf(files),
    get writtenBytes() {
      return writtenBytes;
    },
  };
}

/** Over what is on disk, as `createWriter` reckons it. @throws Error when there is something else than files */
async function treeOf(directory: string): Promise<string> {
  const files = new Map<string, string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw new Error(`${path} is not a file`);
    files.set(
      path.slice(directory.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return digestOf(files);
}

function digestOf(files: ReadonlyMap<string, string>): string {
  const lines = [...files].map(([path, digest]) => `${digest} ${path}`);
  return sha256(lines.sort().join('\n'));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function directoriesOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return [directory, ...entries.flatMap((entry) => (entry.isDirectory() ? [join(entry.parentPath, entry.name)] : []))];
}

async function sealDirectories(directory: string): Promise<void> {
  // A layer of no files at all is a layer, too.
  await mkdir(directory, { recursive: true });
  for (const path of await directoriesOf(directory)) await chmod(path, 0o555);
}

/** Removes a tree, sealed or not. */
export async function removeTree(directory: string): Promise<void> {
  for (const path of await directoriesOf(directory)) await chmod(path, 0o755).catch(() => {});
  await rm(directory, { recursive: true, force: true });
}

const LEFT_MS = 3_600_000;

/** Removes what a service that was killed had begun. Another one may be at work in the same directory: only what is old. */
export async function removeLeftovers(workDirectory: string): Promise<void> {
  for (const name of await readdir(workDirectory)) {
    const path = join(workDirectory, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > LEFT_MS) await removeTree(path);
  }
}
