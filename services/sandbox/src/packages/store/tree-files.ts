import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { readJson, writeJson } from '../json-file.ts';
import { fingerprintOf, removeTree, sealDirectories } from './sealed-tree.ts';

/** Raised when checks are added that earlier trees may fail: those are built anew, and never used again. */
export const RULES = 3;

/** The fields by which a tree is found and trusted. */
interface TreeRecord {
  readonly ecosystem: string;
  readonly digest: string;
  readonly rules: number;
  /** As {@link fingerprintOf} has it, so that a tree that was written to is not used again. */
  readonly fingerprint: string;
}

export interface StoredTree<Record> {
  readonly directory: string;
  readonly record: Record;
}

/** Sealed trees below a folder: a directory each, named after its digest, with its record beside it. */
export interface TreeFiles<Record> {
  pathOf(key: { readonly ecosystem: string; readonly digest: string }): string;
  /** Returns a tree that is as it was built; looks at its files once. */
  find(ecosystem: string, digest: string): Promise<StoredTree<Record> | undefined>;
  /** Returns the records of all trees that this version may use. */
  list(): Promise<readonly Record[]>;
  /** Seals a finished directory and moves it to its place. */
  publish(building: string, record: Omit<Record, 'fingerprint' | 'rules'>): Promise<StoredTree<Record>>;
  /** Removes a tree: from its first step on it is found by nobody. */
  remove(path: string, aside: string): Promise<void>;
}

export const recordPath = (directory: string): string => `${directory}.json`;

export function createTreeFiles<Record extends TreeRecord>(root: string, schema: z.ZodType<Record>): TreeFiles<Record> {
  const verified = new Map<string, StoredTree<Record>>();
  const pathOf: TreeFiles<Record>['pathOf'] = ({ ecosystem, digest }) => join(root, ecosystem, digest);

  const find: TreeFiles<Record>['find'] = async (ecosystem, digest) => {
    const directory = pathOf({ ecosystem, digest });
    const known = verified.get(directory);
    if (known !== undefined) return known;
    const record = await readJson(recordPath(directory), schema).catch(() => undefined);
    if (record?.rules !== RULES) return undefined;
    if ((await fingerprintOf(directory).catch(() => undefined)) !== record.fingerprint) return undefined;
    const tree = { directory, record };
    verified.set(directory, tree);
    return tree;
  };

  return {
    pathOf,
    find,
    async list() {
      const folders = await readdir(root).catch(() => []);
      const paths = await Promise.all(folders.map((folder) => recordPaths(join(root, folder))));
      const records = await Promise.all(paths.flat().map((path) => readJson(path, schema).catch(() => undefined)));
      return records.flatMap((record) => (record?.rules === RULES ? [record] : []));
    },
    async publish(building, content) {
      const directory = pathOf(content);
      await mkdir(dirname(directory), { recursive: true });
      await sealDirectories(building);
      const record = schema.parse({ ...content, rules: RULES, fingerprint: await fingerprintOf(building) });
      // A directory that cannot be written cannot be moved either; its inside is sealed by now.
      await chmod(building, 0o755);
      try {
        await rename(building, directory);
      } catch {
        // Another service was faster. Its tree is looked at like any other, and replaced where it is not in order.
        const other = await find(record.ecosystem, record.digest);
        if (other !== undefined) return other;
        await removeTree(directory);
        await rename(building, directory);
      }
      await chmod(directory, 0o555);
      await writeJson(recordPath(directory), record);
      const tree = { directory, record };
      verified.set(directory, tree);
      return tree;
    },
    async remove(path, aside) {
      verified.delete(path);
      await rm(recordPath(path), { force: true });
      await chmod(path, 0o755);
      await rename(path, aside);
      await removeTree(aside);
    },
  };
}

/** Returns the paths of records that have their tree beside them. */
async function recordPaths(directory: string): Promise<readonly string[]> {
  const names: readonly string[] = await readdir(directory).catch(() => []);
  return names.filter((name) => names.includes(`${name}.json`)).map((name) => join(directory, `${name}.json`));
}
