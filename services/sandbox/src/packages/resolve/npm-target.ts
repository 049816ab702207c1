import { existsSync } from 'node:fs';

/** The machine that npm packages are for. An isolate has no native code. */
export interface NpmTarget {
  readonly isNative: boolean;
  readonly os: string;
  readonly cpu: string;
  readonly libc: 'glibc' | 'musl';
}

/** Returns the target of this machine. */
export const npmTargetHere = (isNative: boolean): NpmTarget => ({
  isNative,
  os: process.platform,
  cpu: process.arch,
  libc: existsSync('/etc/alpine-release') ? 'musl' : 'glibc',
});

/** Names the target in the store. */
export const nameOfTarget = ({ isNative, os, cpu, libc }: NpmTarget): string =>
  isNative ? `node-${os}-${cpu}-${libc}` : 'isolate';

/** The fields by which a package says which machines it is for. */
export interface Platform {
  readonly os?: readonly string[] | undefined;
  readonly cpu?: readonly string[] | undefined;
  readonly libc?: readonly string[] | undefined;
}

/** Returns true for a package that runs on the target, by npm's rules: a list may exclude by `!name`. */
export const suitsTarget = ({ os, cpu, libc }: Platform, target: NpmTarget): boolean =>
  isAmong(os, target.os) && isAmong(cpu, target.cpu) && isAmong(libc, target.libc);

function isAmong(list: readonly string[] | undefined, value: string): boolean {
  if (list === undefined || list.length === 0 || list.includes('any')) return true;
  if (list.includes(`!${value}`)) return false;
  return list.includes(value) || list.every((item) => item.startsWith('!'));
}

const SYSTEMS = ['linux', 'darwin', 'win32', 'windows', 'android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix'];
const OTHER_SYSTEMS = [...SYSTEMS, 'openharmony', 'ohos', 'wasm32', 'wasm', 'wasi'];
const PROCESSORS = ['x64', 'arm64', 'arm', 'armv7', 'armv6', 'ia32', 'ppc64', 'ppc64le', 's390x', 'riscv64'];
const OTHER_PROCESSORS = [...PROCESSORS, 'loong64', 'mips64el', 'universal'];

/**
 * Returns true where the name of an optional dependency says that it is a build for another machine, such as
 * `@esbuild/win32-x64`: nothing has to be asked about those.
 */
export function namesOtherMachine(name: string, { os, cpu, libc }: NpmTarget): boolean {
  const words = new Set(name.toLowerCase().split(/[^a-z0-9]+/));
  const isOther = (known: readonly string[], own: string) => !words.has(own) && known.some((word) => words.has(word));
  if (isOther(OTHER_SYSTEMS, os) || isOther(OTHER_PROCESSORS, cpu)) return true;
  const isMusl = words.has('musl') || words.has('linuxmusl') || words.has('musleabihf');
  return os === 'linux' && isMusl !== (libc === 'musl') && (isMusl || words.has('gnu') || words.has('glibc'));
}
