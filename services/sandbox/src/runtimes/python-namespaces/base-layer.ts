import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { moduleOwners } from '../../packages/names/module-owners.ts';
import { modulesOf } from '../../packages/names/wheel-modules.ts';
import type { ProvidedPackage } from '../../packages/package-layer.ts';

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

/** Lists the packages of the layer at `path`, by normalised names (PEP 503), with the modules that they bring. */
export async function baseLayerPackages(path: string): Promise<readonly ProvidedPackage[]> {
  return Promise.all(
    packagesAmong(await readdir(path)).map(async ({ folder, name, version }) => {
      const record = await readFile(join(path, folder, 'RECORD'), 'utf8').catch(() => '');
      const files = record.split('\n').map((line) => line.split(',')[0] ?? '');
      const modules = modulesOf(
        files.filter((file) => !file.startsWith('..') && !file.includes('.dist-info/')),
        moduleOwners(),
        () => false,
      );
      return { name, version, modules: modules.names, metadata: join(path, folder, 'METADATA') };
    }),
  );
}

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
      return { folder, name: name.toLowerCase().replaceAll(/[-_.]+/g, '-'), version };
    });
