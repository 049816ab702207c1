import { basename, dirname, join } from 'node:path';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { certificatePaths, namesCertificates } from '../environment.ts';
import {
  foldersAbove,
  type HostPaths,
  isProgramFolder,
  isSystem,
  isWithin,
  kindOf,
  resolvePath,
  whyNotShown,
} from './host-paths.ts';

/** A folder or file of this machine that a jail shows at the same path. */
export interface Shown {
  readonly path: string;
  readonly isWritable: boolean;
}

/** The parts of an entry of mesh.json that name folders and files. */
export interface NamingEntry {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Further ones; `:ro` at the end of one makes it read-only. */
  readonly folders: readonly string[];
  readonly isReadOnly: boolean;
}

/** Source files: the folder of the program comes with them, and nobody writes to it. */
const SCRIPT = /\.(?:[cm]?[jt]sx?|py|rb|php|pl|sh|jar|lua)$/;
const PROJECT_FILES = ['package.json', 'pyproject.toml', 'setup.py', 'requirements.txt', 'deno.json', 'Gemfile'];
const READ_ONLY = /:ro$/;

/**
 * Lists what an entry names: existing paths among its arguments (also as `--name=path`), its working directory, its
 * `folders`, and values of its variables that are paths. Of a script also its project, read-only.
 * @throws MeshError upstream_failed that says why a path cannot be shown, and what to do.
 */
export function namedPaths(entry: NamingEntry, host: HostPaths): readonly Shown[] {
  return named(entry, host).map((shown) => (isWithin(shown.path, '/etc') ? { ...shown, isWritable: false } : shown));
}

function named({ args, env, cwd, folders, isReadOnly }: NamingEntry, host: HostPaths): readonly Shown[] {
  const base = cwd === undefined ? host : { ...host, cwd: resolvePath(cwd, host) };
  const arguments_ = args.flatMap((argument) => pathIn(argument, base) ?? []);
  const wanted = [
    ...arguments_.map((path) => ({ path, isWritable: !isReadOnly && !isScript(path) })),
    ...(cwd === undefined ? [] : [{ path: base.cwd, isWritable: !isReadOnly }]),
    ...folders.map((folder) => ({
      path: resolvePath(folder.replace(READ_ONLY, ''), base),
      isWritable: !isReadOnly && !READ_ONLY.test(folder),
    })),
  ].filter(({ path }) => !isSystem(path));
  for (const { path } of wanted) requireShown(path, host);
  const inVariables = Object.entries(env)
    .filter(([name]) => !namesCertificates(name))
    .map(([, value]) => value)
    .filter((value) => value.startsWith('/') && kindOf(value) !== undefined && whyNotShown(value, host) === undefined);
  return [
    ...wanted,
    ...inVariables.filter((path) => !isSystem(path)).map((path) => ({ path, isWritable: !isReadOnly })),
    ...arguments_.filter(isScript).flatMap((script) => projectOf(script, host)),
  ];
}

/** Lists the certificates that an environment names, read-only. What cannot be shown is left out. */
export const namedCertificates = (environment: Readonly<Record<string, string>>, host: HostPaths): readonly Shown[] =>
  certificatePaths(environment)
    .filter((path) => !isSystem(path) && kindOf(path) !== undefined && whyNotShown(path, host) === undefined)
    .map((path) => ({ path, isWritable: false }));

/** Returns the path that an argument names, if there is something. A bare word is none, unless it is a script. */
export function pathIn(argument: string, host: HostPaths): string | undefined {
  const value = /^-[^=]*=(.*)$/s.exec(argument)?.[1] ?? argument;
  if (!['.', '..', '~'].includes(value) && !value.includes('/') && !SCRIPT.test(value)) return undefined;
  const path = resolvePath(value, host);
  return kindOf(path) === undefined ? undefined : path;
}

const isScript = (path: string): boolean => SCRIPT.test(path) && kindOf(path) === 'file';

/** @throws MeshError upstream_failed that says why a path cannot be shown, and what to do. */
export function requireShown(path: string, host: HostPaths): void {
  const exists = kindOf(path) !== undefined;
  const why = exists ? whyNotShown(path, host) : 'there is nothing at this path';
  if (why === undefined) return;
  const cure = exists ? 'name a folder in it, or set "sandbox": {"enabled": false}' : 'correct the path';
  throw new MeshError('upstream_failed', `its sandbox cannot show ${path}: ${why}; ${cure} in mesh.json`);
}

/** The project of a script, and the folders of packages that it may load. Without a project its folder. */
export function projectOf(script: string, host: HostPaths): readonly Shown[] {
  const above = foldersAbove(script).filter((folder) => isProgramFolder(folder, host) && !isSystem(folder));
  const has = (folder: string, name: string) => kindOf(join(folder, name)) !== undefined;
  const project =
    above.find((folder) => has(folder, '.git')) ??
    above.find((folder) => PROJECT_FILES.some((name) => has(folder, name))) ??
    above.find((folder) => folder === dirname(script));
  const modules = foldersAbove(script).map((folder) =>
    basename(folder) === 'node_modules' ? folder : join(folder, 'node_modules'),
  );
  return [
    ...(project === undefined ? [] : [project]),
    ...modules.filter((folder) => !isSystem(folder) && kindOf(folder) === 'folder'),
  ].map((path) => ({ path, isWritable: false }));
}
