import { readdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moduleOwners } from '../../packages/names/module-owners.ts';
import { modulesOf } from '../../packages/names/wheel-modules.ts';
import type { ProvidedPackage } from '../../packages/package-layer.ts';

/** Lists the packages of a set of the base layer, by normalised names (PEP 503), with the modules that they bring. */
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
