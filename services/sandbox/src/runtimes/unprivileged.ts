import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createUsers } from '../jail/jail.ts';
import type { WorkerCommand } from '../workers/conversation.ts';

/** Wraps a command that has no jail around it: it never runs as root and, where that can be had, has no network. */
export type Unprivileged = (command: readonly string[]) => WorkerCommand;

/** A way to give up rights. The best one that works is taken. */
interface Way {
  readonly name: string;
  readonly wrap: Unprivileged;
}

/** The way that works, and its name for the log; or why root cannot give up its rights. */
export type UnprivilegedSearch = Way | { readonly reason: string };

/** The user without rights of most systems, for user namespaces that have no ids as high as those of jails. */
const NOBODY = 65_534;
/** A session of its own, as in a jail: a terminal's Ctrl-C does not reach it, and the service comes before it. */
const APART = ['/usr/bin/setsid', '/usr/bin/nice', '-n', '10', '--'];
const NO_NETWORK = ['/usr/bin/unshare', '--net', '--'];
/** The user namespace is what allows an ordinary user to leave the network; the user stays the same in it. */
const NO_NETWORK_AS_USER = ['/usr/bin/unshare', '--user', '--map-current-user', '--net', '--'];
const NO_NEW_RIGHTS = ['/usr/bin/setpriv', '--inh-caps', '-all', '--no-new-privs', '--'];

/** Looks for a way to run processes of Node without rights, by running one. */
export async function findUnprivileged(isRoot = process.getuid?.() === 0): Promise<UnprivilegedSearch> {
  let reason = 'there is no way';
  for (const way of isRoot ? waysOfRoot() : waysOfUser()) {
    const trouble = await tryOut(way);
    if (trouble === undefined) return way;
    reason = trouble;
  }
  return { reason };
}

function waysOfRoot(): readonly Way[] {
  return [createUsers(), () => NOBODY].flatMap((nextUser) => [
    {
      name: 'another user, without network',
      wrap: (command) => commandOf([...APART, ...NO_NETWORK, ...becomeUser(nextUser()), ...command]),
    },
    { name: 'another user', wrap: (command) => commandOf([...APART, ...becomeUser(nextUser()), ...command]) },
    // libuv gives up the supplementary groups, too.
    { name: 'another user', wrap: (command) => ({ ...commandOf(command), user: nextUser() }) },
  ]);
}

function waysOfUser(): readonly Way[] {
  return [
    {
      name: 'this user, without network',
      wrap: (command) => commandOf([...APART, ...NO_NETWORK_AS_USER, ...NO_NEW_RIGHTS, ...command]),
    },
    { name: 'this user', wrap: (command) => commandOf([...APART, ...NO_NEW_RIGHTS, ...command]) },
    { name: 'this user', wrap: (command) => commandOf(command) },
  ];
}

const becomeUser = (id: number): readonly string[] =>
  [
    ['/usr/bin/setpriv', '--reuid', `${id}`, '--regid', `${id}`, '--clear-groups'],
    ['--inh-caps', '-all', '--bounding-set', '-all', '--no-new-privs', '--'],
  ].flat();

function commandOf([file = '', ...args]: readonly string[]): WorkerCommand {
  return { file, args };
}

const TRY_TIMEOUT_MS = 10_000;

/** Asks a process of Node which user it is. Returns what went wrong. */
async function tryOut({ wrap }: Way): Promise<string | undefined> {
  const { file, args, user } = wrap([process.execPath, '-p', 'process.getuid()']);
  const ids = user === undefined ? {} : { uid: user, gid: user };
  try {
    const { stdout } = await promisify(execFile)(file, args, { ...ids, timeout: TRY_TIMEOUT_MS, env: {}, cwd: '/' });
    return stdout.trim() === '0' ? 'its processes stay root' : undefined;
  } catch (error) {
    return Error.isError(error) ? error.message.trim().split('\n').at(-1) : String(error);
  }
}
