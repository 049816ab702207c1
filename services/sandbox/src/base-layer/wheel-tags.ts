/** An interpreter, as far as it decides which wheels fit it. */
export interface WheelTarget {
  /** `3.11` */
  readonly version: string;
  /** `x86_64` or `aarch64` */
  readonly machine: string;
  /** The C library and its version: `['glibc', 2, 36]`, `['musl', 1, 2]`. */
  readonly libc: readonly ['glibc' | 'musl', number, number];
}

interface Tags {
  readonly pythons: readonly string[];
  readonly abis: readonly string[];
  readonly platforms: readonly string[];
}

/** Reads the compatibility tags of a wheel's file name (PEP 427, 425). */
function tagsOf(file: string): Tags | undefined {
  const parts = file.replace(/\.whl$/, '').split('-');
  const [python = '', abi = '', platform = ''] = parts.slice(-3);
  if (!file.endsWith('.whl') || parts.length < 5) return undefined;
  return { pythons: python.split('.'), abis: abi.split('.'), platforms: platform.split('.') };
}

const OLDEST_MINOR = 11;
const LINUX = /^(?:any|(?:manylinux|musllinux)[0-9_]*_(?:x86_64|aarch64))$/;

/** Returns true for a wheel of CPython 3.11 or later, or of any Python, for Linux on x86-64 or 64-bit ARM. */
export function fitsSomeLinux(file: string): boolean {
  const tags = tagsOf(file);
  if (tags?.platforms.some((platform) => LINUX.test(platform)) !== true) return false;
  return tags.pythons.some((python) => {
    if (python === 'py3') return true;
    const minor = Number(/^cp3(\d+)$/.exec(python)?.[1]);
    return tags.abis.includes('abi3') || (minor >= OLDEST_MINOR && tags.abis.includes(python));
  });
}

/** Returns how well a wheel fits, the higher the better; undefined where it does not. */
export function fitOf(file: string, target: WheelTarget): number | undefined {
  const tags = tagsOf(file);
  if (tags === undefined) return undefined;
  const python = pythonFit(tags, Number(target.version.split('.')[1]));
  const platforms = tags.platforms.flatMap((platform) => platformFit(platform, target) ?? []);
  return python === undefined || platforms.length === 0 ? undefined : python * 10_000 + Math.max(...platforms);
}

function pythonFit({ pythons, abis }: Tags, minor: number): number | undefined {
  if (pythons.includes(`cp3${minor}`) && abis.includes(`cp3${minor}`)) return 1_000;
  const stable = abis.includes('abi3') ? pythons.map((python) => Number(/^cp3(\d+)$/.exec(python)?.[1])) : [];
  const usable = stable.filter((oldest) => oldest <= minor);
  if (usable.length > 0) return Math.max(...usable);
  return pythons.includes('py3') && abis.includes('none') ? 0 : undefined;
}

/** Names of PEP 513, 571 and 599 for what PEP 600 writes with the version of glibc. */
const LEGACY: Readonly<Record<string, readonly [number, number]>> = {
  manylinux1: [2, 5],
  manylinux2010: [2, 12],
  manylinux2014: [2, 17],
};

function platformFit(platform: string, { machine, libc: [name, major, minor] }: WheelTarget): number | undefined {
  if (platform === 'any') return 0;
  if (!platform.endsWith(`_${machine}`)) return undefined;
  const stem = platform.slice(0, -machine.length - 1);
  const written = /^(manylinux|musllinux)_(\d+)_(\d+)$/.exec(stem);
  const needs = LEGACY[stem] ?? (written === null ? undefined : ([Number(written[2]), Number(written[3])] as const));
  const kind = stem.startsWith('musl') ? 'musl' : 'glibc';
  if (needs === undefined || kind !== name) return undefined;
  const [first, second] = needs;
  return first === major && second <= minor ? second + 1 : undefined;
}
