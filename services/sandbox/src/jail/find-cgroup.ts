import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

/** The files by which a process finds its control group (cgroups(7), proc(5)). */
export interface CgroupSearch {
  /** Path of `/proc/self`. */
  readonly self: string;
  /** Path of an interpreter, which reads what Node cannot. */
  readonly python: string;
}

/** Name of the group that the service itself moves to: one that has groups in it may have no process. */
export const SERVICE_GROUP = 'toolmesh-service';
const CONTROLLERS = ['memory', 'pids'];

const NO_GROUPS = 'this machine has no control groups of version 2 with memory and pids';
const CURE =
  'run the service in a group of its own that it may divide: systemd-run --user --scope -p Delegate=yes npm start, or ' +
  'Delegate=yes in its unit; for containers see docs/troubleshooting.md';

/**
 * Looks for the control group that this process may divide among its workers, without changing anything. Returns its
 * folder, or why there is none and the cure.
 */
export async function findCgroup(
  search: CgroupSearch,
): Promise<{ readonly folder: string } | { readonly reason: string }> {
  const own = ownFolder(search.self);
  if (own === undefined) return { reason: NO_GROUPS };
  const folder = basename(own) === SERVICE_GROUP ? dirname(own) : own;
  const given = read(join(folder, 'cgroup.controllers')).split(/\s+/);
  if (!CONTROLLERS.every((name) => given.includes(name))) {
    return { reason: given.join('') === '' ? NO_GROUPS : `no control of memory and pids is passed on to us: ${CURE}` };
  }
  if (![folder, join(folder, 'cgroup.procs'), join(folder, 'cgroup.subtree_control')].every(isWritable)) {
    return { reason: `our control group is not ours to divide: ${CURE}` };
  }
  if (isOfSystemd(folder) && !(await isDelegated(folder, search.python))) {
    return { reason: `our control group is one that systemd divides: ${CURE}` };
  }
  return { folder };
}

/** The folder of the group of the process at `self`, where its control groups are of version 2 and mounted. */
function ownFolder(self: string): string | undefined {
  const path = /^0::(\/.*)$/m.exec(read(join(self, 'cgroup')))?.[1];
  // Fields of mountinfo: the fourth is the part of the file system that is mounted, the fifth the place.
  const mount = /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /m.exec(read(join(self, 'mountinfo')));
  if (path === undefined || mount === null) return undefined;
  const [, root = '', place = ''] = mount.map(unescaped);
  const below = relative(root, path);
  return below.startsWith('..') ? undefined : join(place, below);
}

/** Blanks and the like are written in octal. */
const unescaped = (field: string): string =>
  field.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));

const isOfSystemd = (folder: string): boolean => /\.(?:service|scope|slice)$/.test(folder);

/** Asks for the mark of systemd on a group that it leaves to us; an attribute of the folder. */
const ASK = `
import os, sys
for name in ("user.delegate", "trusted.delegate"):
    try:
        if os.getxattr(sys.argv[1], name) == b"1":
            print("delegated")
    except OSError:
        pass
`;
const ASK_TIMEOUT_MS = 5_000;

async function isDelegated(folder: string, python: string): Promise<boolean> {
  const options = { timeout: ASK_TIMEOUT_MS, env: {}, cwd: '/' };
  const asked = promisify(execFile)(python, ['-I', '-S', '-c', ASK, folder], options);
  return asked.then(
    ({ stdout }) => stdout.includes('delegated'),
    () => false,
  );
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '');
