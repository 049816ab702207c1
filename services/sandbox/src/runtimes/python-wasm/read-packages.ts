import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The most that an interpreter is given: it holds all of it in memory. */
const MAX_BYTES = 192 * 1_024 ** 2;

export interface PackageFile {
  /** Below the directory, with `/`. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** All regular files below `directory` but what other interpreters have compiled. @throws Error above 192 MiB */
export function readPackages(directory: string): readonly PackageFile[] {
  const paths = filesBelow(directory, '');
  const bytes = paths.reduce((sum, path) => sum + statSync(join(directory, path)).size, 0);
  if (bytes > MAX_BYTES) throw new Error(`packages of ${bytes} bytes, more than ${MAX_BYTES}`);
  return paths.map((path) => ({ path, data: new Uint8Array(readFileSync(join(directory, path))) }));
}

function filesBelow(directory: string, path: string): readonly string[] {
  return readdirSync(join(directory, path), { withFileTypes: true }).flatMap((entry) => {
    const below = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === '__pycache__' ? [] : filesBelow(directory, below);
    // A link may lead anywhere.
    return entry.isFile() ? [below] : [];
  });
}
