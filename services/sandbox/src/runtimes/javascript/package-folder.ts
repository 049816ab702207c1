import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { Package } from 'resolve.exports';

const MIB = 1_024 ** 2;
/** The most of one file, and of all that one worker reads. */
const MAX_FILE_BYTES = 8 * MIB;
const MAX_TOTAL_BYTES = 64 * MIB;

/** A `package.json`. What is in it is its author's word: its fields may have any type. */
export type Manifest = Package;

/** The reason why a module cannot be loaded, for the program: without a path of the host. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Files below a directory, by their paths in it with `/`. Nothing outside of it is ever read. */
export interface PackageFolder {
  /** The real path of the regular file that `path` leads to, below the directory, too. */
  fileAt(path: string): string | undefined;
  /** @throws Refused when that would be too much */
  read(file: string): string;
  manifestOf(folder: string): Manifest | undefined;
  /** The names of the packages in `node_modules`. */
  names(): readonly string[];
}

export function openPackageFolder(directory: string): PackageFolder {
  const root = realpathSync.native(directory);
  const manifests = new Map<string, Manifest | undefined>();
  let totalBytes = 0;

  const fileAt = (path: string): string | undefined => {
    const real = realPath(join(root, path));
    if (real === undefined || !real.startsWith(`${root}/`)) return undefined;
    return statSync(real, { throwIfNoEntry: false })?.isFile() === true ? real.slice(root.length + 1) : undefined;
  };

  const read = (file: string): string => {
    const path = join(root, file);
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw new Refused('ERR_TOO_LARGE', `${file} is larger than ${MAX_FILE_BYTES} bytes`);
    totalBytes += size;
    if (totalBytes > MAX_TOTAL_BYTES) {
      throw new Refused('ERR_TOO_LARGE', `The packages of a program may have ${MAX_TOTAL_BYTES} bytes of code`);
    }
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  };

  const namesIn = (path: string) => readdirSync(join(root, path)).filter((name) => !name.startsWith('.'));

  return {
    fileAt,
    read,
    manifestOf(folder) {
      if (!manifests.has(folder)) {
        const file = fileAt(posix.join(folder, 'package.json'));
        manifests.set(folder, file === undefined ? undefined : parseManifest(read(file)));
      }
      return manifests.get(folder);
    },
    names: () =>
      namesIn('node_modules').flatMap((name) =>
        name.startsWith('@') ? namesIn(`node_modules/${name}`).map((inScope) => `${name}/${inScope}`) : [name],
      ),
  };
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

/** Of a manifest that is none, nothing is known. */
function parseManifest(text: string): Manifest {
  const parsed = parseJson(text);
  return isManifest(parsed) ? parsed : NOTHING_KNOWN;
}

const NOTHING_KNOWN: Manifest = { name: '' };
const isManifest = (parsed: unknown): parsed is Manifest => typeof parsed === 'object' && parsed !== null;
