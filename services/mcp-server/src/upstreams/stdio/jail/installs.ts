import { accessSync, closeSync, constants, openSync, readlinkSync, readSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { type HostPaths, isProgramFolder, isSystem, kindOf, resolvePath } from './host-paths.ts';

/** Programs that others start, wherever they are installed: by version managers, in the user's folder, by Homebrew. */
const RUNTIMES = 'node npm npx pnpm yarn bun bunx deno python3 python uv uvx git'.split(' ');

/** Parts of the folder above `bin` that a program needs; what else lies there may be keys. */
const PARTS = 'bin lib lib64 libexec share include pyvenv.cfg Cellar opt'.split(' ');
/** Folders whose programs are scripts that start one of many versions beside them. */
const SHIMS = 'shims';
const MAX_STEPS = 64;

/** Finds a program as execvp does: by its path, or in a folder of PATH. Undefined where none can be started. */
export function findProgram(command: string, path: string, paths: HostPaths): string | undefined {
  if (command.includes('/')) return isProgram(resolvePath(command, paths)) ? resolvePath(command, paths) : undefined;
  return foldersOf(path)
    .map((folder) => join(folder, command))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  if (kindOf(path) !== 'file') return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const foldersOf = (path: string): readonly string[] => path.split(':').filter((folder) => folder.startsWith('/'));

/**
 * Lists what a jail has to show, besides the system, so that `program` and the usual runtimes can be started: the
 * folders of PATH, and where links and first lines of scripts lead from there.
 */
export function installsFor(program: string, path: string, paths: HostPaths): readonly string[] {
  const folders = foldersOf(path).filter((folder) => kindOf(folder) === 'folder');
  const runtimes = RUNTIMES.flatMap((name) => findProgram(name, path, paths) ?? []);
  const shown = [...folders.filter((folder) => isProgramFolder(folder, paths)), ...follow([program, ...runtimes])];
  return [...new Set(shown)].filter((found) => !isSystem(found));

  function follow(programs: readonly string[]): readonly string[] {
    const seen = new Set(programs);
    const parts: string[] = [];
    for (const file of seen) {
      if (seen.size > MAX_STEPS) break;
      if (!isSystem(file)) parts.push(...partsOf(file, paths));
      for (const next of nextOf(file, path, paths)) seen.add(next);
    }
    return parts;
  }
}

/** Returns the files that a program needs next: the target of a link, the interpreter of a script. */
function nextOf(file: string, path: string, paths: HostPaths): readonly string[] {
  const target = linkOf(file);
  if (target !== undefined) return [resolve(dirname(file), target)];
  const [interpreter = '', name = ''] = firstLineOf(file);
  const started = basename(interpreter) === 'env' ? findProgram(name, path, paths) : interpreter;
  return started === undefined || !started.startsWith('/') ? [] : [started];
}

/** The folder of a program, or the parts of the installation that the folder belongs to. */
function partsOf(file: string, paths: HostPaths): readonly string[] {
  const folder = dirname(file);
  const prefix = dirname(folder);
  if (basename(folder) === SHIMS && isProgramFolder(prefix, paths)) return [prefix];
  const parts =
    basename(folder) === 'bin' && isProgramFolder(prefix, paths) ? PARTS.map((part) => join(prefix, part)) : [];
  const shown = [...parts.filter((part) => kindOf(part) !== undefined), folder];
  const good = shown.filter((part) => isProgramFolder(part, paths));
  return good.includes(folder) ? good : [...good, file];
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}

/** The words of a script's first line after `#!`, without options of `env`. */
function firstLineOf(file: string): readonly string[] {
  const start = Buffer.alloc(256);
  try {
    const descriptor = openSync(file, 'r');
    try {
      readSync(descriptor, start);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return [];
  }
  const [line = ''] = start.toString('latin1').split('\n', 1);
  if (!line.startsWith('#!')) return [];
  return line
    .slice(2)
    .trim()
    .split(/\s+/)
    .filter((word) => !word.startsWith('-'));
}
