import { lstatSync, readlinkSync } from 'node:fs';
import { type HostPaths, isWithin, kindOf, realPath, SYSTEM } from './host-paths.ts';
import type { Shown } from './named-paths.ts';

/** The jail of one process, as paths and rights. */
export interface JailPlan {
  /** Folder that is shown as the user's own, where what the program keeps outlives it. Without it a fresh one. */
  readonly homeSource: string | undefined;
  readonly host: HostPaths;
  readonly shown: readonly Shown[];
  readonly cwd: string;
  readonly hasNetwork: boolean;
  readonly command: readonly string[];
}

/** Files that programs read in /etc: names, addresses, certificates, fonts, settings of browsers. Neither passwords nor private keys. */
const ETC = [
  'resolv.conf hosts host.conf nsswitch.conf gai.conf hostname services protocols',
  'passwd group localtime timezone locale.conf default/locale mime.types magic os-release debian_version lsb-release',
  'ld.so.cache ld.so.conf ld.so.conf.d alternatives fonts terminfo inputrc bash.bashrc profile gitconfig',
  'ca-certificates ca-certificates.conf ssl/certs ssl/cert.pem ssl/openssl.cnf',
  // Debian's chromium is a script that ends where these are missing.
  'chromium chromium.d chromium-browser opt/chrome firefox firefox-esr',
  'pki/tls/certs pki/tls/cert.pem pki/tls/openssl.cnf pki/ca-trust/extracted crypto-policies',
].flatMap((line) => line.split(' '));

/** More than a server needs; it is memory of this machine. */
const TMP_BYTES = 1_024 ** 3;

/**
 * Returns the arguments of bubblewrap: a namespace of processes with a /proc of its own, the system read-only, /tmp and
 * the user's folder of its own, and of this machine's files only what is shown. All that runs in it ends with it, and it
 * ends with this process.
 */
export function jailArguments({ homeSource, host, shown, cwd, hasNetwork, command }: JailPlan): readonly string[] {
  return [
    ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--die-with-parent'],
    hasNetwork ? [] : ['--unshare-net'],
    ['--cap-drop', 'ALL'],
    SYSTEM.flatMap(systemFolder),
    ETC.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ['--proc', '/proc', '--dev', '/dev', '--perms', '1777', '--size', `${TMP_BYTES}`, '--tmpfs', '/tmp'],
    ['--dir', '/run', '--dir', '/var', '--symlink', '/tmp', '/var/tmp'],
    homeSource === undefined ? ['--tmpfs', host.home] : ['--bind', homeSource, host.home],
    inOrder(shown).flatMap(({ path, isWritable }) => [isWritable ? '--bind-try' : '--ro-bind-try', path, path]),
    hidden(host, shown).flatMap(hide),
    ['--dir', cwd, '--remount-ro', '/', '--chdir', cwd, '--', ...command],
  ].flat();
}

/** On most systems `/bin` and `/lib` are links to folders below `/usr`. */
function systemFolder(path: string): readonly string[] {
  try {
    return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
  } catch {
    return [];
  }
}

/**
 * Each path once, and where links lead from it; an outer folder before what lies in it, which is left out if its rights
 * are the same. Writable if it is so anywhere.
 */
function inOrder(shown: readonly Shown[]): readonly Shown[] {
  const all = shown.flatMap(({ path, isWritable }) =>
    [path, realPath(path)].map((each) => ({ path: each, isWritable })),
  );
  const writable = new Set(all.filter(({ isWritable }) => isWritable).map(({ path }) => path));
  const kept: Shown[] = [];
  for (const path of [...new Set(all.map((each) => each.path))].toSorted((a, b) => depthOf(a) - depthOf(b))) {
    const isWritable = writable.has(path);
    const outer = kept.findLast((each) => isWithin(path, each.path));
    if (outer?.isWritable !== isWritable) kept.push({ path, isWritable });
  }
  return kept;
}

const depthOf = (path: string): number => path.split('/').length;

/** Lists what is the mesh's own and would be seen, as the mesh is installed below a folder of the system. */
const hidden = ({ own }: HostPaths, shown: readonly Shown[]): readonly string[] => {
  const seen = [...SYSTEM, ...shown.map(({ path }) => path)];
  return own.filter((path) => seen.some((folder) => isWithin(path, folder)));
};

function hide(path: string): readonly string[] {
  const kind = kindOf(path);
  if (kind === undefined) return [];
  return kind === 'folder' ? ['--tmpfs', path] : ['--ro-bind', '/dev/null', path];
}
