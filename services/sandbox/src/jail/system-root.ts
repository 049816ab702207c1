import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, realpath, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Jailed, ReadOnlyMount } from './jail.ts';

/** The parts of the system that every jail shows: shared libraries and a few small programs. */
export type SystemRoot = Pick<Jailed, 'mounts' | 'links'>;

const LIBRARIES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64'];
const ZONES = '/usr/share/zoneinfo';
/** The folder that makes C.UTF-8 a locale, if the system keeps it in a file. */
const LOCALES = '/usr/lib/locale';
/** The loader of 64-bit ARM programs, at the path the kernel expects; on x86-64 it is in `/lib64`. */
const ARM_LOADER = { to: 'aarch64-linux-gnu/ld-linux-aarch64.so.1', path: '/usr/lib/ld-linux-aarch64.so.1' };

/**
 * Programs for `bash` and for `subprocess`, as far as this system has them; and `setpriv`, by which a jail starts. None
 * speaks to a network, none is setuid, none compiles.
 */
const PROGRAMS = // The shell, and what POSIX expects beside it.
  (
    'setpriv sh dash bash env ls cat echo cp mv rm mkdir rmdir ln touch chmod head tail sort uniq wc cut tr tee grep ' +
    'egrep fgrep sed awk mawk gawk find xargs seq sleep date uname id whoami pwd basename dirname readlink realpath test [ ' +
    'true false yes expr printf stat diff diff3 sdiff cmp od kill mktemp timeout nice nohup env printenv tty which ' +
    // GNU coreutils for text, numbers and sums.
    'arch b2sum base32 base64 basenc cksum comm csplit dd df dir dircolors du expand factor fmt fold groups hostid install ' +
    'join link logname md5sum mkfifo nl nproc numfmt paste pathchk pr ptx sha1sum sha224sum sha256sum sha384sum sha512sum ' +
    'shred shuf split stdbuf stty sum sync tac truncate tsort unexpand unlink users vdir ' +
    // Archives, and the usual tools of a data engineer.
    'tar gzip gunzip zcat zgrep bzip2 bunzip2 bzcat xz unxz xzcat zstd unzstd zip unzip column rev look hexdump strings ' +
    'bc dc patch jq rg git sqlite3 perl tree getopt uuidgen cal iconv locale'
  ).split(' ');
/**
 * Prepares the system's share of a jail's root below `cacheDirectory`. The programs are copied: a folder of fifty
 * files is one mount instead of fifty, and nothing else of `/usr/bin` (a setuid program, a compiler) is in it.
 */
export async function prepareSystemRoot(cacheDirectory: string, python?: SystemPython): Promise<SystemRoot> {
  const programs = [...PROGRAMS.map((name) => `/usr/bin/${name}`), ...(python === undefined ? [] : [python.source])];
  const from = await copyPrograms(programs, cacheDirectory, python);
  const shown = await onlyExisting([...LIBRARIES, ZONES, LOCALES, ...(python?.library ?? [])]);
  return {
    mounts: [{ from, to: '/usr/bin' }, ...shown.map((path): ReadOnlyMount => ({ from: path, to: path }))],
    links: [
      ...['bin', 'lib', 'lib64'].map((name) => ({ to: `usr/${name}`, path: `/${name}` })),
      ...(process.arch === 'arm64' ? [ARM_LOADER] : []),
    ],
  };
}

/** Copies them to a folder that is named after what they are, once; returns its path. */
async function copyPrograms(paths: readonly string[], cacheDirectory: string, python?: SystemPython): Promise<string> {
  const sources = (await Promise.all(paths.map(describeFile))).flat();
  const hash = createHash('sha256').update(JSON.stringify(sources)).digest('hex').slice(0, 16);
  const directory = join(cacheDirectory, `programs-${hash}`);
  if ((await onlyExisting([directory])).length > 0) return directory;
  const unfinished = `${directory}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  await Promise.all(sources.map(({ name, path }) => copyFile(path, join(unfinished, name))));
  if (python !== undefined) {
    await Promise.all(['python', 'python3'].map((name) => symlink(python.name, join(unfinished, name))));
  }
  // Two services may do this at the same time: the second finds it done.
  await rename(unfinished, directory).catch(() => rm(unfinished, { recursive: true, force: true }));
  return directory;
}

async function describeFile(path: string) {
  try {
    const real = await realpath(path);
    const { size, mtimeMs } = await stat(real);
    return [{ name: path.slice(path.lastIndexOf('/') + 1), path: real, size, mtimeMs }];
  } catch {
    return []; // This system does not have it.
  }
}

/** Returns those of `paths` that there are. */
export async function onlyExisting(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return paths.filter((_, i) => found[i] !== undefined);
}

/** An interpreter of the system's. */
export interface SystemPython {
  /** Its path on the host, without links. */
  readonly source: string;
  /** Its name in the jail's `/usr/bin`: `python3.11`. */
  readonly name: string;
  /** `3.11`, which names the wheels that fit. */
  readonly version: string;
  /** Paths of its standard library and, if it has one, its shared library. */
  readonly library: readonly string[];
}

const DESCRIBE = `
import json, os, sys, sysconfig
paths = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
shared = os.path.join(sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("INSTSONAME") or "")
if sysconfig.get_config_var("Py_ENABLE_SHARED") and os.path.isfile(shared):
    paths.add(shared)
print(json.dumps({"source": os.path.realpath(sys.executable), "version": "%d.%d" % sys.version_info[:2],
    "library": sorted(paths)}))
`;

const DESCRIBE_TIMEOUT_MS = 10_000;
const OLDEST_PYTHON = 9;

const Description = z.object({
  source: z.string(),
  version: z.string().regex(/^3\.\d+$/),
  library: z.array(z.string()),
});

/** Asks the interpreter at `path` where its parts are. @throws when there is none that answers, or it is too old. */
export async function describePython(path: string): Promise<SystemPython> {
  const options = { timeout: DESCRIBE_TIMEOUT_MS, env: {}, cwd: '/' };
  const { stdout } = await promisify(execFile)(path, ['-I', '-S', '-c', DESCRIBE], options);
  const python = Description.parse(JSON.parse(stdout));
  if (Number(python.version.slice(2)) < OLDEST_PYTHON) throw new Error(`Python ${python.version} is older than 3.9`);
  return { ...python, name: `python${python.version}` };
}
