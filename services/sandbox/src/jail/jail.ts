import { randomInt } from 'node:crypto';
import type { WorkerCommand } from '../workers/conversation.ts';

/** A place in the jail's file system that shows something of the host's, which can be read there and no more. */
export interface ReadOnlyMount {
  readonly from: string;
  readonly to: string;
}

/** A command for a jail, and its surroundings there. */
export interface Jailed {
  readonly command: readonly string[];
  readonly mounts: readonly ReadOnlyMount[];
  /** Symbolic links in the jail: `to` is what `path` points at. */
  readonly links: readonly { readonly to: string; readonly path: string }[];
  readonly env: Readonly<Record<string, string>>;
  /** Folders that are empty. */
  readonly folders?: readonly string[];
  /**
   * True for the jail's first process, which no signal from inside can end or stop. Orphans in the jail become its
   * children.
   */
  readonly isFirst?: boolean;
}

/** Wraps a command in a jail of its own. */
export type Jail = (jailed: Jailed) => WorkerCommand;

export interface JailOptions {
  /** Path of bubblewrap. */
  readonly bwrap: string;
  /** Path of the filter of system calls, as `seccompFilter` makes it. */
  readonly filterFile: string;
  /** True when this service runs as root, who needs no user namespace to make a jail. */
  readonly isRoot: boolean;
  /** A user that no other jail has. */
  readonly nextUser: () => number;
}

/** Size of each of the three writable directories, in bytes of memory. */
export const WRITABLE_BYTES = 64 * 1_024 ** 2;
const WRITABLE = ['/dev/shm', '/tmp', '/work'];

/** The descriptor on which bubblewrap finds the filter: the first after the worker's own. */
const FILTER_FD = 4;

/** The user namespace comes with the user, below. */
const NAMESPACES = [
  ['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
  ['--hostname', 'sandbox', '--die-with-parent', '--new-session'],
].flat();

/** The jail's own directories. What is written there lasts as long as the jail; all else is read-only. */
const OWN_FILES = [
  ['--dir', '/proc', '--dev', '/dev'],
  ...WRITABLE.map((path) => ['--size', `${WRITABLE_BYTES}`, '--perms', '1777', '--tmpfs', path]),
  ['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', '/work'],
].flat();

/**
 * A jail by bubblewrap: no network, no other process, no file but its own, no way to more. `/proc` is empty: nothing
 * that a program needs is there, and much that it should not see. Ends with this process, however that ends.
 *
 * A service that is root gives each program a user of its own: root is exempt from limits on processes. One that is
 * not gives it a user namespace, which has limits of its own.
 */
export function createJail({ bwrap, filterFile, isRoot, nextUser }: JailOptions): Jail {
  return (jailed) => ({
    file: bwrap,
    args: [
      ...namespaces(isRoot, ['SETUID', 'SETGID', 'SETPCAP']),
      ...files(jailed),
      ...(jailed.isFirst === true ? ['--as-pid-1'] : []),
      '--seccomp',
      `${FILTER_FD}`,
      '--',
      ...(isRoot ? becomeUser(nextUser()) : []),
      ...LIMITED,
      ...jailed.command,
    ],
    descriptors: [filterFile],
  });
}

/**
 * A jail for a process of ours that makes jails for workers, which see what it sees: of the filter, which it has on
 * descriptor 4, it makes use for them. On descriptor 5 it has /proc, by which alone a process can map its ids in a
 * user namespace. It may make namespaces; no program runs in it.
 */
export function createLauncherJail({ bwrap, filterFile, isRoot }: JailOptions): Jail {
  return (jailed) => ({
    file: bwrap,
    args: [
      ...namespaces(isRoot, ['SETUID', 'SETGID', 'SETPCAP', 'SYS_ADMIN', 'KILL']),
      ...files(jailed),
      '--',
      ...jailed.command,
    ],
    descriptors: [filterFile, '/proc'],
  });
}

/** Without a user namespace, what is left of root's rights are the `capabilities`. */
const namespaces = (isRoot: boolean, capabilities: readonly string[]): readonly string[] => [
  ...NAMESPACES,
  ...(isRoot
    ? ['--cap-drop', 'ALL', ...capabilities.flatMap((name) => ['--cap-add', `CAP_${name}`])]
    : ['--unshare-user', '--uid', '65534', '--gid', '65534', '--cap-drop', 'ALL']),
];

const files = ({ mounts, links, env, folders = [] }: Jailed): readonly string[] => [
  '--clearenv',
  ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
  ...foldersAbove([...mounts.map(({ to }) => to), ...links.map(({ path }) => path), ...folders]),
  ...folders.flatMap((folder) => ['--perms', '0755', '--dir', folder]),
  ...mounts.flatMap(({ from, to }) => ['--ro-bind', from, to]),
  ...links.flatMap(({ to, path }) => ['--symlink', to, path]),
  ...OWN_FILES,
];

/** The folders above `paths`, from the top: those that bubblewrap makes of itself are for its own user alone. */
function foldersAbove(paths: readonly string[]): readonly string[] {
  const folders = paths.flatMap((path) => {
    const parts = path.split('/').slice(1, -1);
    return parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
  });
  return [...new Set(folders)].flatMap((folder) => ['--perms', '0755', '--dir', folder]);
}

/**
 * The service comes before the programs that it watches, or 144 busy processes of one of them would keep it from ending
 * them in time. Between sessions on a host the kernel shares the processors out by itself (sched(7), autogroup); in a
 * container it does not.
 */
const YIELDING = 'exec /usr/bin/nice -n 10 -- "$@"';

/**
 * Limits of each process. V8 takes addresses without using them: 2 GiB by itself, 19 with WebAssembly; 64 GiB of them
 * lead to 128 MiB of page tables at most. Files are counted in blocks of 512 bytes.
 */
const LIMITS = 'ulimit -c 0; ulimit -n 256; ulimit -f 131072; ulimit -v 67108864';

const LIMITED = ['/usr/bin/sh', '-c', `${LIMITS}; ${YIELDING}`, 'sh'] as const;

/** `setpriv` of util-linux: from root without capabilities to a user who can never be more. */
const becomeUser = (id: number): readonly string[] =>
  [
    ['/usr/bin/setpriv', '--reuid', `${id}`, '--regid', `${id}`, '--clear-groups'],
    ['--inh-caps', '-all', '--bounding-set', '-all', '--no-new-privs', '--'],
  ].flat();

/** Far from every user of a host or a container; what counts is that no two jails at a time have the same. */
const FIRST_USER = 900_000_000;
const USERS = 1_000_000_000;

/** Gives users out, from a place that another service on this machine has hardly chosen, too. */
export function createUsers(): () => number {
  let given = randomInt(USERS);
  return () => {
    given += 1;
    return FIRST_USER + (given % USERS);
  };
}
