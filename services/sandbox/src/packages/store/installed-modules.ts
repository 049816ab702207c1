import type { Ecosystem } from '@toolmesh/shared/contracts/packages';
import { isOwner } from '../names/check-modules.ts';
import { moduleOwners } from '../names/module-owners.ts';
import { newestVersion } from '../versions.ts';
import type { StoredLayer } from './layer-store.ts';

/** A package by the name under which programs import it. */
export interface InstalledModule {
  readonly name: string;
  readonly version: string;
  /** The layers that have it, the latest first. */
  readonly layers: readonly StoredLayer[];
}

export type InstalledModules = ReadonlyMap<string, InstalledModule>;

/**
 * Maps import names to the packages in `layers` that anybody may have installed: only names that belong to their package
 * by its own name or as one of the well-known ones, and that no other installed package has. Of several versions the
 * newest counts, so that nobody moves the others back.
 */
export function ownedModules(layers: readonly StoredLayer[]): InstalledModules {
  const candidates = latestFirst(layers).flatMap(modulesOf);
  const owned = candidates.filter(
    ({ ecosystem, name, module }) => ecosystem === 'npm' || isOwner(name, module, moduleOwners()),
  );
  const found = new Map<string, InstalledModule>();
  for (const [module, items] of Map.groupBy(owned, (item) => item.module)) {
    const [first, ...others] = items;
    if (first === undefined || others.some(({ name }) => name !== first.name)) continue;
    const version = newestVersion(
      first.ecosystem,
      items.map((item) => item.version),
    );
    const newest = items.filter((item) => item.version === (version ?? first.version));
    found.set(module, {
      name: first.name,
      version: version ?? first.version,
      layers: newest.map(({ layer }) => layer),
    });
  }
  return found;
}

/** Maps all import names of `layers`, which one session has installed, to their packages: the latest install counts. */
export function allModules(layers: readonly StoredLayer[]): InstalledModules {
  const found = new Map<string, InstalledModule>();
  for (const { module, name, version, layer } of latestFirst(layers).flatMap(modulesOf)) {
    const known = found.get(module);
    if (known === undefined) found.set(module, { name, version, layers: [layer] });
    else if (known.version === version) found.set(module, { ...known, layers: [...known.layers, layer] });
  }
  return found;
}

const latestFirst = (layers: readonly StoredLayer[]): readonly StoredLayer[] =>
  layers.toSorted((a, b) => b.record.installed_at.localeCompare(a.record.installed_at));

const modulesOf = (layer: StoredLayer) =>
  layer.record.packages.flatMap(({ name, version, modules }) =>
    modules.map((module) => ({ ecosystem: layer.record.ecosystem, module, name, version, layer })),
  );

const PYTHON_IMPORT = /^[ \t]*(?:from[ \t]+([\w.]+)(?:[ \t]+import[ \t]+(\w[\w, \t]*))?|import[ \t]+(\w[\w., \t]*))/gm;
const SCRIPT_IMPORT = /\b(?:from|import|require)[\s(]*(['"])((?:@[^'"/]+\/)?[^'"/.][^'"/]*)/g;

/** The names that a program imports, as far as they can be read off its text; those of Python with their dots. */
export function importsOf(ecosystem: Ecosystem, code: string): readonly string[] {
  if (ecosystem === 'npm') return [...code.matchAll(SCRIPT_IMPORT)].map(([, , name = '']) => name);
  return [...code.matchAll(PYTHON_IMPORT)].flatMap(([, from, parts = '', list = '']) =>
    from === undefined
      ? list.split(',').map((part) => /[\w.]+/.exec(part)?.[0] ?? '')
      : [from, ...parts.split(',').map((part) => `${from}.${/\w+/.exec(part)?.[0] ?? ''}`)],
  );
}

/** Finds the package of an import name, or of the part of it that is one. */
export function findModule(modules: InstalledModules, imported: string): InstalledModule | undefined {
  for (let name = imported; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const found = modules.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
