import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { z } from 'zod';
import { createSharedTasks } from '../install/shared-tasks.ts';
import { removeTree, sealFiles, sha256, sizeOf } from './sealed-tree.ts';
import { createTreeFiles, RULES, type StoredTree } from './tree-files.ts';

const PackageRecord = z.object({
  ecosystem: Ecosystem,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  version: z.string(),
  hash: z.string(),
  modules: z.array(z.string()).describe('The names by which programs import it'),
  stands_for: z.array(z.string()).describe('The packages that it claims to provide or to replace'),
  /** Lines for whoever installs it, such as of scripts that were not run. */
  remarks: z.array(z.string()),
  size_bytes: z.number(),
  rules: z.number(),
  fingerprint: z.string(),
});
export type PackageRecord = z.output<typeof PackageRecord>;
export type StoredPackage = StoredTree<PackageRecord>;

/** One release for one interpreter. */
export interface PackageKey {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string;
  /** Of the archive, as the index has it: it tells the content before anything is downloaded. */
  readonly hash: string;
  /** The interpreter whose bytecode is beside the sources. */
  readonly target: string;
}

/** The result of unpacking an archive. */
export type Unpacked = Pick<PackageRecord, 'modules' | 'stands_for' | 'remarks'>;

/** Downloads, inspects and unpacks a package: its files to `tree`, which is empty; `folder` is removed afterwards. */
export type Unpack = (
  place: { readonly tree: string; readonly folder: string },
  signal: AbortSignal,
) => Promise<Unpacked>;

/**
 * Unpacked releases, each once: read-only trees named after the hash of their archive, which sets of packages are
 * linked together from.
 */
export interface PackageStore {
  /** Begins an install: the releases that it obtains stay until it is closed, and then while a set has them. */
  open(): PackageHolder;
  find(ecosystem: Ecosystem, digest: string): Promise<StoredPackage | undefined>;
  list(): Promise<readonly PackageRecord[]>;
  /** Removes the releases that no set and no install has. */
  removeUnused(isUsed: (digest: string) => boolean): Promise<void>;
}

export interface PackageHolder {
  /** Returns a release, which is unpacked where it is missing: once, whoever else asks for it meanwhile. */
  obtain(key: PackageKey, unpack: Unpack, signal: AbortSignal): Promise<StoredPackage>;
  close(): void;
}

/** Archives that are downloaded and unpacked at the same time, over all installs. */
const PARALLEL = 6;
const MAX_WAITING = 2_000;

export interface PackageStoreOptions {
  readonly directory: string;
  /** Directory of what is unfinished; on the same file system. */
  readonly workDirectory: string;
}

export function createPackageStore({ directory, workDirectory }: PackageStoreOptions): PackageStore {
  const files = createTreeFiles(directory, PackageRecord);
  const tasks = createSharedTasks<StoredPackage>({ parallel: PARALLEL, waiting: MAX_WAITING });
  const holders = new Set<ReadonlySet<string>>();

  const build = async ({ key, digest, unpack }: Missing, signal: AbortSignal): Promise<StoredPackage> => {
    const existing = await files.find(key.ecosystem, digest);
    if (existing !== undefined) return existing;
    const folder = join(workDirectory, `package-${randomUUID()}`);
    const tree = join(folder, 'tree');
    await mkdir(tree, { recursive: true });
    try {
      const unpacked = await unpack({ tree, folder }, signal);
      await sealFiles(tree);
      const { ecosystem, name, version, hash } = key;
      const size_bytes = await sizeOf(tree);
      return await files.publish(tree, { ecosystem, digest, name, version, hash, ...unpacked, size_bytes });
    } finally {
      await removeTree(folder);
    }
  };

  return {
    open() {
      const held = new Set<string>();
      holders.add(held);
      return {
        async obtain(key, unpack, signal) {
          const digest = packageDigest(key);
          held.add(digest);
          const found = await files.find(key.ecosystem, digest);
          return found ?? tasks.run(digest, signal, (shared) => build({ key, digest, unpack }, shared));
        },
        close: () => void holders.delete(held),
      };
    },
    find: files.find,
    list: files.list,
    async removeUnused(isUsed) {
      for (const record of await files.list()) {
        if (isUsed(record.digest) || [...holders].some((held) => held.has(record.digest))) continue;
        await files.remove(files.pathOf(record), join(workDirectory, `evicted-${randomUUID()}`));
      }
    },
  };
}

interface Missing {
  readonly key: PackageKey;
  readonly digest: string;
  readonly unpack: Unpack;
}

/** Returns the name of a release in the store. */
const packageDigest = ({ ecosystem, name, version, hash, target }: PackageKey): string =>
  sha256(JSON.stringify([RULES, ecosystem, name, version, hash, target]));
