import { execFile } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { explainBwrap } from '@toolmesh/shared/kit/jail/explain-bwrap';

/** A tool such as pip, which reads what others wrote. */
export interface Tool {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Paths besides `/usr` that it reads. */
  readonly readable: readonly string[];
  /** The one directory that it writes to, and works in. */
  readonly writable: string;
}

export type Command = readonly [file: string, ...args: string[]];

/** Wraps a tool in a jail that shows it the network, `/usr`, its own paths, and nothing else: no other process either. */
export type ToolJail = (tool: Tool) => Command;

/** As an ordinary user, a user namespace is what allows the others; as root it takes root's rights away. */
const NAMESPACES = [
  ['--unshare-user', '--uid', '65534', '--gid', '65534', '--unshare-ipc', '--unshare-pid', '--unshare-uts'],
  ['--unshare-cgroup-try', '--cap-drop', 'ALL', '--die-with-parent', '--new-session', '--clearenv'],
].flat();
const TRY_TIMEOUT_MS = 10_000;

/** Looks for a jail for tools by making one. Returns the reason when none can be had. */
export async function findToolJail(bwrap: string): Promise<ToolJail | { readonly reason: string }> {
  const jail: ToolJail = ({ command, env, readable, writable }) => [
    bwrap,
    ...NAMESPACES,
    ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...SYSTEM,
    ...readable.flatMap((path) => ['--ro-bind', path, path]),
    '--bind',
    writable,
    writable,
    '--remount-ro',
    '/',
    '--chdir',
    writable,
    '--',
    ...command,
  ];
  try {
    const [file, ...args] = jail({ command: ['/usr/bin/true'], env: {}, readable: [], writable: '/tmp' });
    await promisify(execFile)(file, args, { timeout: TRY_TIMEOUT_MS, env: {}, cwd: '/' });
    return jail;
  } catch (error) {
    return { reason: explainBwrap(error, []) };
  }
}

/** The system's programs and libraries, a few devices, and an empty `/tmp` and `/proc`. */
const SYSTEM = [
  ['--ro-bind', '/usr', '/usr'],
  ...['/bin', '/sbin', '/lib', '/lib32', '/lib64'].map((path) => {
    const target = linkTarget(path);
    return target === undefined ? ['--ro-bind-try', path, path] : ['--symlink', target, path];
  }),
  ['--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache', '--ro-bind-try', '/etc/alternatives', '/etc/alternatives'],
  ['--dev', '/dev', '--dir', '/proc', '--tmpfs', '/tmp'],
].flat();

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Bounds of a tool's memory and files, in bytes; memory only where it does not set far more aside than it uses. */
export interface ToolLimits {
  readonly addressSpace?: number;
  readonly fileBytes: number;
}

const PRLIMIT = '/usr/bin/prlimit';

/** Returns `command` under limits of the kernel, where util-linux is there to set them. */
export function limited(command: readonly string[], { addressSpace, fileBytes }: ToolLimits): readonly string[] {
  if (!existsSync(PRLIMIT)) return command;
  const memory = addressSpace === undefined ? [] : [`--as=${addressSpace}`];
  return [PRLIMIT, ...memory, `--fsize=${fileBytes}`, '--core=0', '--', ...command];
}
