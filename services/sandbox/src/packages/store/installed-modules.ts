import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import type { StoredLayer } from './layer-store.ts';

/** A package by the name under which programs import it. */
export interface InstalledModule {
  readonly name: string;
  readonly version: string;
  /** The layers that have it, the latest first. */
  readonly layers: StoredLayer[];
}

/** Maps import names to the packages in `layers`; where versions differ, to that of the latest layer. */
export async function installedModules(layers: readonly StoredLayer[]): Promise<ReadonlyMap<string, InstalledModule>> {
  const found = new Map<string, InstalledModule>();
  const latestFirst = layers.toSorted((a, b) => b.record.installed_at.localeCompare(a.record.installed_at));
  for (const layer of latestFirst) {
    for (const { module, name, version } of await modulesOf(layer)) {
      const known = found.get(module);
      if (known === undefined) found.set(module, { name, version, layers: [layer] });
      else if (known.version === version) known.layers.push(layer);
    }
  }
  return found;
}

const modulesOf = ({ directory, record }: StoredLayer) =>
  record.ecosystem === 'npm'
    ? record.packages.map(({ name, version }) => ({ module: name, name, version }))
    : pythonModules(directory);

/** Each wheel lists its files in RECORD (PEP 376): their first part is what is imported. */
async function pythonModules(directory: string) {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.dist-info'));
  const perWheel = await Promise.all(
    names.map(async (folder) => {
      const [name = '', version = ''] = folder.slice(0, -'.dist-info'.length).split('-');
      const record = await readFile(join(directory, folder, 'RECORD'), 'utf8').catch(() => '');
      const tops = new Set(record.split('\n').map((line) => /^[^/,.]+/.exec(line)?.[0] ?? ''));
      return [...tops].filter((module) => /^[A-Za-z_]\w*$/.test(module)).map((module) => ({ module, name, version }));
    }),
  );
  return perWheel.flat();
}

const PYTHON_IMPORT = /^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+(\w[\w., \t]*))/gm;
const SCRIPT_IMPORT = /\b(?:from|import|require)[\s(]*(['"])((?:@[^'"/]+\/)?[^'"/.][^'"/]*)/g;

/** The names that a program imports, as far as they can be read off its text. */
export function importsOf(ecosystem: Ecosystem, code: string): readonly string[] {
  if (ecosystem === 'npm') return [...code.matchAll(SCRIPT_IMPORT)].map(([, , name = '']) => name);
  return [...code.matchAll(PYTHON_IMPORT)].flatMap(([, from, list = '']) =>
    from === undefined ? list.split(',').map((part) => /\w+/.exec(part)?.[0] ?? '') : [from],
  );
}
