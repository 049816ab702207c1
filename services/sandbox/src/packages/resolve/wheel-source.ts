import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveLimits } from '../archive/archive.ts';
import { inspectWheel } from '../archive/wheel.ts';
import { readMetadata } from '../archive/wheel-metadata.ts';
import type { Fetcher } from '../index/fetcher.ts';
import { ANY_METADATA, type ReleaseFile } from '../index/project.ts';
import type { Checks } from '../policy/checks.ts';
import { printable, Refusal } from '../refusal.ts';
import type { StoredPackage } from '../store/package-store.ts';
import { createTreeWriter } from '../store/tree-writer.ts';
import { type Attempt, downloadFile, refuseLargeFile } from './attempt.ts';
import type { CompileTree } from './compile-tree.ts';

/** A wheel of the index that pip may choose. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly file: ReleaseFile;
}

/** Gets the metadata of wheels, by which pip resolves, and the wheels that it has chosen. */
export interface WheelSource {
  /** Returns the text of METADATA: by itself where the index has it, else that of the whole wheel. @throws Refusal */
  metadata(wheel: Wheel): Promise<string>;
  /** Returns the unpacked wheel, checked and compiled. @throws Refusal */
  obtain(wheel: Wheel): Promise<StoredPackage>;
}

export interface WheelSourceOptions {
  readonly checks: Checks;
  readonly fetcher: Fetcher;
  readonly archives: ArchiveLimits;
  /** Names the interpreter in the store. */
  readonly storeTarget: string;
  readonly compile: CompileTree;
}

const MAX_METADATA_BYTES = 8 * 1_024 ** 2;

export function createWheelSource(options: WheelSourceOptions, attempt: Attempt): WheelSource {
  const { checks, fetcher, archives: limits, storeTarget, compile } = options;
  const { signal, store, note } = attempt;
  /** Hashes of the metadata that pip has resolved by. */
  const promised = new Map<string, string>();

  const fetchMetadata = async ({ name, version, file }: Wheel, hash: string): Promise<string> => {
    const subject = `${name} ${version}`;
    const { text } = await fetcher.text(`${file.url}.metadata`, { signal, maxBytes: MAX_METADATA_BYTES });
    const got = sha256(text);
    if (hash !== ANY_METADATA && hash !== got) {
      throw new Refusal('hash_mismatch', `The metadata of ${subject} is not what the index describes`);
    }
    promised.set(file.filename, got);
    return text;
  };

  const obtain = async ({ name, version, file }: Wheel): Promise<StoredPackage> => {
    const subject = `${name} ${version}`;
    if (file.hash === undefined) throw new Refusal('hash_mismatch', `The index gives no hash for ${subject}`);
    refuseLargeFile(file, { subject, limits });
    const key = { ecosystem: 'pypi', name, version, hash: file.hash, target: storeTarget } as const;
    const stored = await store.obtain(
      key,
      async ({ tree, folder }, shared) => {
        const path = join(folder, file.filename);
        await downloadFile(fetcher, file, { path, subject, limits, signal: shared });
        const write = createTreeWriter(tree);
        const { modules, standsFor } = await inspectWheel(path, { name, version }, { limits, write });
        await compile(folder, tree, shared);
        return { modules: [...modules], stands_for: [...standsFor], remarks: [] };
      },
      signal,
    );
    const { modules, stands_for: standsFor } = stored.record;
    checks.refuseForeignModules({ name, version, modules, standsFor });
    const expected = promised.get(file.filename);
    if (expected !== undefined && expected !== sha256(await metadataIn(stored))) {
      throw new Refusal('hash_mismatch', `The metadata in ${subject} is not what the index describes`);
    }
    note(`${subject}: ${file.filename} has the right hash, and its archive is in order`);
    return stored;
  };

  return {
    async metadata(wheel) {
      const { name, version, file } = wheel;
      const hash = file.metadataHash;
      const text = hash === undefined ? await metadataIn(await obtain(wheel)) : await fetchMetadata(wheel, hash);
      const { requirements } = readMetadata({ name, version }, text);
      const foreign = requirements.find((requirement) => requirement.split(';')[0]?.includes('@'));
      if (foreign === undefined) return text;
      throw new Refusal('suspicious', `${name} ${version} needs a package from elsewhere: "${printable(foreign)}"`);
    },
    obtain,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function metadataIn({ directory, record }: StoredPackage): Promise<string> {
  const { name, version } = record;
  const folder = (await readdir(directory)).find((entry) => entry.endsWith('.dist-info'));
  if (folder === undefined) throw new Refusal('install_failed', `${name} ${version} has no metadata`);
  return readFile(join(directory, folder, 'METADATA'), 'utf8');
}
