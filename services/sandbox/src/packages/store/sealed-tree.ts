import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Returns the digest of a tree on disk, as `createLayerWriter` computes it. @throws Error when it holds anything but files */
export async function treeOf(directory: string): Promise<string> {
  const files = new Map<string, string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw new Error(`${path} is not a file`);
    files.set(
      path.slice(directory.length + 1),
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return digestOf(files);
}

/** Returns one digest over the paths and digests of `files`. */
export function digestOf(files: ReadonlyMap<string, string>): string {
  const lines = [...files].map(([path, digest]) => `${digest} ${path}`);
  return sha256(lines.sort().join('\n'));
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function directoriesOf(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return [directory, ...entries.flatMap((entry) => (entry.isDirectory() ? [join(entry.parentPath, entry.name)] : []))];
}

/** Takes the right to write from a directory and all below it; makes it where a layer has no files at all. */
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
