import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that are looked at together. */
const BATCH = 64;

/**
 * Returns a digest of the paths, sizes and times of all files of a tree: another one tells that a file was written to,
 * added or removed. Contents are not read, since that takes seconds for a large package.
 * @throws Error when it holds anything but files and folders
 */
export async function fingerprintOf(directory: string): Promise<string> {
  const lines: string[] = [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  for (let at = 0; at < files.length; at += BATCH) {
    const batch = files.slice(at, at + BATCH).map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { size, mtimeMs, mode } = await lstat(path);
      if (!entry.isFile()) throw new Error(`${path} is not a file`);
      return `${path.slice(directory.length + 1)} ${size} ${mtimeMs} ${mode & 0o222}`;
    });
    lines.push(...(await Promise.all(batch)));
  }
  return sha256(lines.sort().join('\n'));
}

export const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** Returns the size of all files of a tree, in bytes. */
export async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

async function directoriesOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return [directory, ...entries.flatMap((entry) => (entry.isDirectory() ? [join(entry.parentPath, entry.name)] : []))];
}

/** Takes the right to write from all files below a directory. */
export async function sealFiles(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (((await stat(path)).mode & 0o777) !== 0o555) await chmod(path, 0o444);
  }
}

/** Takes the right to write from a directory and all directories below it; makes it where there is nothing in it. */
export async function sealDirectories(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const path of await directoriesOf(directory)) await chmod(path, 0o555);
}

/** Removes a tree, sealed or not. */
export async function removeTree(directory: string): Promise<void> {
  for (const path of await directoriesOf(directory)) await chmod(path, 0o755).catch(() => {});
  await rm(directory, { recursive: true, force: true });
}

const LEFTOVER_MS = 3_600_000;

/** Removes what a killed service left unfinished. Another may be at work in the same directory: only what is old. */
export async function removeLeftovers(workDirectory: string): Promise<void> {
  for (const name of await readdir(workDirectory)) {
    const path = join(workDirectory, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > LEFTOVER_MS) await removeTree(path);
  }
}
