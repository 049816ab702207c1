import { constants, copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Errors of a file system that has no hard links, or has no room for one more to a file. */
const NO_LINKS: ReadonlySet<unknown> = new Set(['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Makes the files below `from` appear below `to`, too: as hard links, so that they take no room and are in memory once,
 * whatever number of trees has them. A file that is there already stays. Packages that share a namespace share its folder.
 */
export async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  await Promise.all(files.map(({ name }) => linkFile(join(from, name), join(to, name))));
  // One folder after the other: a package has thousands of files, and the service other things to do.
  for (const entry of entries) {
    if (entry.isDirectory()) await linkTree(join(from, entry.name), join(to, entry.name));
  }
}

async function linkFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = Error.isError(error) && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return;
    if (!NO_LINKS.has(code)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL).catch((reason: unknown) => {
      if (!Error.isError(reason) || !('code' in reason) || reason.code !== 'EEXIST') throw reason;
    });
  }
}
