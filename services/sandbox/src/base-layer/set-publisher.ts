import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../packages/store/sealed-tree.ts';
import { sealOf } from './layer-folder.ts';

/**
 * Builds a set in a folder of its own and moves it to its place when it is whole: a reader sees all of it or nothing. A
 * set that another process has finished meanwhile serves as well.
 */
export async function publishSet(
  {
    directory,
    workDirectory,
    set,
  }: { readonly directory: string; readonly workDirectory: string; readonly set: string },
  fill: (folder: string) => Promise<object>,
): Promise<void> {
  const building = join(workDirectory, `set-${randomUUID()}`);
  try {
    await mkdir(building, { recursive: true });
    const content = await fill(building);
    await writeFile(sealOf(building, '.'), `${JSON.stringify({ set, ...content })}\n`, { flush: true });
    await seal(building);
    await rename(building, join(directory, set)).catch((error: unknown) => {
      if (!existsSync(sealOf(directory, set))) throw error;
    });
    // A directory that cannot be written cannot be moved either.
    await chmod(join(directory, set), 0o555);
  } finally {
    await removeTree(building);
  }
}

/** Takes the right to write from all below a folder, and lets everybody read: workers are other users than the service. */
async function seal(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o555 : 0o444);
  }
}
