import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type BaseLayerLock, digestOf, readLock } from './lock.ts';
import type { WheelTarget } from './wheel-tags.ts';

/** Raised when sets are built in another way: those of earlier releases are not used again. */
const RULES = 1;

/** Prints what compiled modules depend on: `["cpython-311", "3.11", "x86_64", "glibc", "2.36"]`. */
const TARGET_PROGRAM =
  'import json, platform, sys\n' +
  'print(json.dumps([sys.implementation.cache_tag, "%d.%d" % sys.version_info[:2], platform.machine(), ' +
  '*platform.libc_ver()]))';
const TARGET_TIMEOUT_MS = 30_000;
const Target = z.tuple([z.string(), z.string(), z.string(), z.string(), z.string()]);

/** Sets that hold no Python: fonts, and locales in glibc's own form. */
export const FONTS = 'fonts';
export const LOCALES = 'locales';

/** In each finished set, with a name that is no module's. */
const SEAL = '.set.json';

/** The base layer of one interpreter on one machine: a folder with a set of libraries in each of its folders. */
export interface LayerFolder {
  /** Named after the pinned content and the interpreter that it fits, so that a stale one is never found. */
  readonly directory: string;
  readonly lock: BaseLayerLock;
  readonly target: WheelTarget;
  /** All sets, in the order in which they are built. */
  readonly sets: readonly string[];
  /** The sets that Python imports from. */
  readonly importable: readonly string[];
}

/**
 * Returns the place of the base layer, built or not.
 * @throws Error when there is no such interpreter
 */
export async function findLayerFolder(cacheDirectory: string, python: string): Promise<LayerFolder> {
  const options = { env: {}, cwd: '/', timeout: TARGET_TIMEOUT_MS };
  const { stdout } = await promisify(execFile)(python, ['-I', '-S', '-c', TARGET_PROGRAM], options);
  const [tag, version, machine, libc, libcVersion] = Target.parse(JSON.parse(stdout));
  const [major = 1, minor = 2] = libcVersion === '' ? [] : libcVersion.split('.').map(Number);
  const lock = readLock();
  const [data = '', ...rest] = lock.sets.map(({ name }) => name);
  return {
    directory: resolve(cacheDirectory, 'python-base', digestOf(RULES, tag, machine, libc, lock)),
    lock,
    target: { version, machine, libc: [libc === 'glibc' ? 'glibc' : 'musl', major, minor] },
    // Locales take their time and are rarely asked for.
    sets: [data, FONTS, ...rest, LOCALES],
    importable: [data, ...rest],
  };
}

export const sealOf = (directory: string, set: string): string => resolve(directory, set, SEAL);

/** Returns the sets that are whole. A set appears at once: it is built elsewhere and renamed. */
export const finishedSets = ({ directory, sets }: Pick<LayerFolder, 'directory' | 'sets'>): readonly string[] =>
  sets.filter((set) => existsSync(sealOf(directory, set)));
