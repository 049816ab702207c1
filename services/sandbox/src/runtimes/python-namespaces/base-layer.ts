import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The pinned libraries of the layer. */
export const BASE_REQUIREMENTS = fileURLToPath(new URL('../../../python-requirements.txt', import.meta.url));

/** Prints what compiled modules depend on: `cpython-311 x86_64`. */
const TARGET_PROGRAM = 'import sys, platform; print(sys.implementation.cache_tag, platform.machine())';
const TARGET_TIMEOUT_MS = 30_000;

/**
 * Returns the path of the layer of libraries that every Python program may import, built or not. It is named after the
 * pinned requirements and the interpreter that it fits, so that a stale one is never found.
 * @throws Error when there is no such interpreter
 */
export async function baseLayerPath(cacheDir: string, python: string): Promise<string> {
  const options = { env: {}, cwd: '/', timeout: TARGET_TIMEOUT_MS };
  const { stdout } = await promisify(execFile)(python, ['-I', '-S', '-c', TARGET_PROGRAM], options);
  const hash = createHash('sha256')
    .update(await readFile(BASE_REQUIREMENTS))
    .update(stdout);
  return resolve(cacheDir, 'python-base', hash.digest('hex').slice(0, 32));
}

/** Lists the packages of the layer at `path`, by normalised names (PEP 503). */
export const baseLayerPackages = async (path: string) => packagesAmong(await readdir(path));

/** Returns true when the folder of a program's packages has one of `provided`, in a version that was asked for or needed. */
export function hasOneOf(packages: string, provided: readonly { readonly name: string }[]): boolean {
  const names = new Set(provided.map(({ name }) => name));
  return packagesAmong(readdirSync(packages)).some(({ name }) => names.has(name));
}

const packagesAmong = (files: readonly string[]) =>
  files
    .filter((name) => name.endsWith('.dist-info'))
    .map((folder) => {
      const [name = '', version = ''] = folder.slice(0, -'.dist-info'.length).split('-');
      return { name: name.toLowerCase().replaceAll(/[-_.]+/g, '-'), version };
    });
