import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { NamedVersion, PackageLayer } from '../package-layer.ts';
import { linkTree } from './link-tree.ts';
import { removeTree } from './sealed-tree.ts';

/**
 * The packages that one worker sees: a folder of its own, empty at first, which its jail shows read-only. More can be put
 * in at any time, and its running programs import it.
 */
export interface PackageView {
  readonly directory: string;
  /** Returns the packages that are there. */
  packages(): readonly NamedVersion[];
  /** Returns the packages of the view that are there in another version than `layer` has. */
  conflicts(layer: PackageLayer): readonly NamedVersion[];
  /** Adds the packages of a layer. @throws MeshError invalid_arguments where one is there in another version */
  show(layer: PackageLayer): Promise<void>;
  /** Removes the folder. */
  close(): Promise<void>;
}

/** Views of the workers of this process. */
export interface PackageViews {
  open(): PackageView;
}

/** Makes views below a folder, from which it removes those of processes that are gone. */
export function createViews(directory: string): PackageViews {
  const own = join(directory, `${process.pid}-${randomUUID()}`);
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(directory)) {
    if (!isRunning(Number(name.split('-')[0]))) void removeTree(join(directory, name)).catch(() => {});
  }
  let opened = 0;
  return {
    open() {
      opened += 1;
      const view = join(own, `${opened}`);
      mkdirSync(view);
      return openView(view);
    },
  };
}

function openView(directory: string): PackageView {
  const shown = new Map<string, string>();
  const layers = new Set<string>();
  let last = Promise.resolve();

  const conflicts = ({ top }: PackageLayer): readonly NamedVersion[] =>
    top.flatMap(({ name, version }) => {
      const there = shown.get(name);
      return there === undefined || there === version ? [] : [{ name, version: there }];
    });

  return {
    directory,
    packages: () => [...shown].map(([name, version]) => ({ name, version })),
    conflicts,
    async show(layer) {
      const { directory: from, top } = layer;
      if (from === undefined || layers.has(from)) return;
      const [conflict] = conflicts(layer);
      if (conflict !== undefined) throw mismatch(conflict, top);
      for (const { name, version } of top) shown.set(name, version);
      layers.add(from);
      last = last.then(() => linkTree(from, directory));
      await last;
    },
    close: () => removeTree(directory),
  };
}

function mismatch({ name, version }: NamedVersion, top: readonly NamedVersion[]): MeshError {
  const wanted = top.find((item) => item.name === name)?.version ?? '';
  const message = `the session has ${name} ${version}, and ${wanted} is needed; begin another session for it`;
  return new MeshError('invalid_arguments', `packages: ${message}`, { details: [{ path: 'packages', message }] });
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is there, too.
    return Error.isError(error) && 'code' in error && error.code === 'EPERM';
  }
}
