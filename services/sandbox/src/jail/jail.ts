import type { WorkerCommand } from '../workers/conversation.ts';

/** A place in the jail's file system that shows something of the host's, which can be read there and no more. */
export interface ReadOnlyMount {
  readonly from: string;
  readonly to: string;
}

/** What runs in a jail, and what it finds there. */
export interface Jailed {
  readonly command: readonly string[];
  readonly mounts: readonly ReadOnlyMount[];
  /** Symbolic links in the jail: `to` is what `path` points at. */
  readonly links: readonly { readonly to: string; readonly path: string }[];
  readonly env: Readonly<Record<string, string>>;
}

/** Wraps a command in a jail of its own. */
export type Jail = (jailed: Jailed) => WorkerCommand;

export interface JailOptions {
  /** Path of bubblewrap. */
  readonly bwrap: string;
  /** Path of the filter of system calls, as `seccompFilter` makes it. */
  readonly filterFile: string;
  /** Whether this service runs as root, who needs no user namespace to make a jail. */
  readonly isRoot: boolean;
}

/** What a program may write in each of its three places, in bytes of memory. */
const WRITABLE_BYTES = 64 * 1_024 ** 2;
const WRITABLE = ['/dev/shm', '/tmp', '/work'];

/** The descriptor on which bubblewrap finds the filter: the first after the worker's own. */
const FILTER_FD = 4;

/** The user namespace comes with the user, below. */
const NAMESPACES = (
  '--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try --hostname sandbox ' +
  '--die-with-parent --new-session'
).split(' ');

/** What is written to lasts as long as the jail; all else is read-only, once it is in place. */
const OWN_FILES = [
  ...'--dir /proc --dev /dev'.split(' '),
  ...WRITABLE.flatMap((path) => `--size ${WRITABLE_BYTES} --perms 1777 --tmpfs ${path}`.split(' ')),
  ...`--remount-ro /dev --remount-ro / --chdir /work --seccomp ${FILTER_FD} --`.split(' '),
];

/**
 * A jail by bubblewrap: no network, no other process, no file but its own, no way to more. `/proc` is empty: nothing
 * that a program needs is there, and much that it should not see. Ends with this process, however that ends.
 *
 * A service that is root gives each program a user of its own: root is exempt from limits on processes. One that is
 * not gives it a user namespace, which has limits of its own.
 */
export function createJail({ bwrap, filterFile, isRoot }: JailOptions): Jail {
  const nextUser = createUsers();
  return ({ command, mounts, links, env }) => ({
    file: bwrap,
    args: [
      ...NAMESPACES,
      ...(isRoot
        ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP']
        : ['--unshare-user', '--uid', '65534', '--gid', '65534', '--cap-drop', 'ALL']),
      '--clearenv',
      ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
      ...foldersFor([...mounts.map(({ to }) => to), ...links.map(({ path }) => path)]),
      ...mounts.flatMap(({ from, to }) => ['--ro-bind', from, to]),
      ...links.flatMap(({ to, path }) => ['--symlink', to, path]),
      ...OWN_FILES,
      ...(isRoot ? becomeUser(nextUser()) : []),
      ...YIELDING,
      ...command,
    ],
    descriptors: [filterFile],
  });
}

/** The folders above `paths`, from the top: those that bubblewrap makes of itself are for its own user alone. */
function foldersFor(paths: readonly string[]): readonly string[] {
  const folders = paths.flatMap((path) => {
    const parts = path.split('/').slice(1, -1);
    return parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
  });
  return [...new Set(folders)].flatMap((folder) => ['--perms', '0755', '--dir', folder]);
}

/**
 * The service comes before the programs that it watches, or 64 busy processes of one of them would keep it from ending
 * them in time. Between sessions on a host the kernel shares the processors out by itself (sched(7), autogroup); in a
 * container it does not.
 */
const YIELDING = ['/usr/bin/nice', '-n', '19', '--'] as const;

/** `setpriv` of util-linux: from root without capabilities to a user who can never be more. */
const becomeUser = (id: number): readonly string[] =>
  `/usr/bin/setpriv --reuid ${id} --regid ${id} --clear-groups --inh-caps -all --bounding-set -all --no-new-privs --`.split(
    ' ',
  );

/** Far from every user of a host or a container; what counts is that no two jails at a time have the same. */
const FIRST_USER = 900_000_000;
const USERS = 60_000;

function createUsers(): () => number {
  let given = process.pid;
  return () => {
    given += 1;
    return FIRST_USER + (given % USERS);
  };
}
