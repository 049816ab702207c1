import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Cure, explainBwrap } from '@toolmesh/shared/kit/jail/explain-bwrap';
import { createJail, createLauncherJail, createUsers, type Jail } from './jail.ts';
import { seccompFilter } from './seccomp.ts';
import { describePython, prepareSystemRoot, type SystemPython, type SystemRoot } from './system-root.ts';

/** A way to jail processes that has held one, and what the system has to put into a jail. */
export interface FoundJail {
  readonly jail: Jail;
  /** For a process of ours that makes jails itself, whose users are `nextUser`'s. */
  readonly launcherJail: Jail;
  readonly nextUser: () => number;
  readonly root: SystemRoot;
  /** The system's interpreter, or why there is none to use. */
  readonly python: SystemPython | { readonly reason: string };
}

export interface JailSearch {
  /** Directory of the filter and of the programs for the jail's root. */
  readonly cacheDirectory: string;
  /** Path of bubblewrap. */
  readonly bwrap: string;
  /** Path of the interpreter to use. */
  readonly python: string;
}

/** Looks for a jail by making one and running `true` in it. Returns the reason and the cure when none can be had. */
export async function findJail(search: JailSearch): Promise<FoundJail | { readonly reason: string }> {
  try {
    return await makeJail(search);
  } catch (error) {
    return { reason: explainBwrap(error, CURES) };
  }
}

async function makeJail(search: JailSearch): Promise<FoundJail> {
  const { filterFile, root, python } = await prepareJail(search);
  const nextUser = createUsers();
  const options = { bwrap: search.bwrap, filterFile, isRoot: process.getuid?.() === 0, nextUser };
  const jail = createJail(options);
  await tryOut(jail, root);
  return { jail, launcherJail: createLauncherJail(options), nextUser, root, python };
}

/** Writes what a jail is made of to the cache, where it is not there yet: once it is, the cache may be read-only. */
export async function prepareJail({ cacheDirectory, python: path }: JailSearch) {
  const filter = seccompFilter(process.arch);
  const filterFile = join(cacheDirectory, `seccomp-${process.arch}.bpf`);
  const current = await readFile(filterFile).catch(() => undefined);
  if (current?.equals(filter) !== true) {
    await mkdir(cacheDirectory, { recursive: true });
    await writeFile(filterFile, filter);
  }
  const python = await describePython(path).catch((error: unknown) => ({ reason: explainPython(path, error) }));
  const root = await prepareSystemRoot(cacheDirectory, 'reason' in python ? undefined : python);
  return { filterFile, root, python };
}

const TRY_TIMEOUT_MS = 10_000;

/** A worker reads the filter on its own descriptor; a shell can open it where `execFile` cannot pass it. */
async function tryOut(jail: Jail, root: SystemRoot): Promise<void> {
  const { file, args, descriptors = [] } = jail({ ...root, command: ['/usr/bin/true'], env: {} });
  const script = `exec "$@" 4<"$FILTER"`;
  const env = { FILTER: descriptors[0] };
  await promisify(execFile)('/bin/sh', ['-c', script, 'sh', file, ...args], { timeout: TRY_TIMEOUT_MS, env, cwd: '/' });
}

/** Faults that a jail of the sandbox's own can have. */
const CURES: readonly Cure[] = [
  [
    /bwrap: (?:\S+: )?not found/,
    'bubblewrap is not installed. Run apt-get install bubblewrap, or set SANDBOX_BWRAP to its path',
  ],
  [
    /Can't find source path|Permission denied/,
    'the sandbox’s user cannot read its own files. Move the project and SANDBOX_CACHE_DIR to where it can',
  ],
];

const explainPython = (path: string, error: unknown): string =>
  `no usable Python 3.9 or later at ${path}: install python3, or set SANDBOX_PYTHON to one` +
  (Error.isError(error) ? ` (${error.message.split('\n')[0]})` : '');
