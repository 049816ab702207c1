import { realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Places of this machine that decide what a jail may show. */
export interface HostPaths {
  /** The user's folder, which a jail shows empty but for what it keeps itself. */
  readonly home: string;
  /** Folder that relative paths start from: the hub's own. */
  readonly cwd: string;
  /** Folders and files of the mesh that no jail shows: its data and its settings. */
  readonly own: readonly string[];
}

/** Folder of the mesh's program. */
export const MESH_ROOT = fileURLToPath(new URL('../../../../../../', import.meta.url)).replace(/\/$/, '');

/** The system's own folders, shown in every jail, read-only. */
export const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store'];

/** Folders that belong to the kernel or to every jail by itself. */
const KERNEL = ['/proc', '/sys', '/dev'];

/** Folders that hold what many programs keep, keys among it: never shown as a whole. */
const privateFolders = (home: string): readonly string[] => [
  home,
  ...['.local', '.local/share', '.local/state', '.config', '.cache', '.ssh', '.gnupg'].map((name) => join(home, name)),
];

/** Returns true if `path` is `folder` or lies in it. */
export const isWithin = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

export const isSystem = (path: string): boolean => SYSTEM.some((folder) => isWithin(path, folder));

/** Resolves a path of mesh.json: `~` is the user's folder, a relative one starts at `cwd`. */
export function resolvePath(path: string, { home, cwd }: Pick<HostPaths, 'home' | 'cwd'>): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return resolve(cwd, path);
}

/** Returns what a path is, links followed; undefined where there is nothing. */
export function kindOf(path: string): 'folder' | 'file' | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : found.isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

/** Returns the path without links, or the path itself where there is nothing. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Returns why a jail must not show a folder or file that mesh.json names; undefined where it may. */
export function whyNotShown(path: string, { home, own }: HostPaths): string | undefined {
  const real = realPath(path);
  if (real === '/') return 'it is the whole machine';
  if (KERNEL.some((folder) => isWithin(real, folder))) return 'it belongs to the kernel';
  if (isWithin(realPath(home), real)) return 'it holds everything of the user, keys included';
  for (const mine of [MESH_ROOT, ...own].map(realPath)) {
    if (isWithin(mine, real)) return 'it holds the data or the settings of the mesh itself';
  }
  return own.some((mine) => isWithin(real, realPath(mine))) ? 'it belongs to the mesh itself' : undefined;
}

/** Returns true if a folder of a program may be shown read-only: it is no place where others keep their things. */
export const isProgramFolder = (path: string, paths: HostPaths): boolean =>
  whyNotShown(path, paths) === undefined &&
  !privateFolders(paths.home).some((folder) => isWithin(realPath(folder), realPath(path)));

/** Lists the folders above a path, from the nearest, without `/`. */
export function foldersAbove(path: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) folders.push(folder);
  return folders;
}
