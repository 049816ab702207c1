import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes one file into a tree that is being built. */
export type WriteFile = (path: string, content: AsyncIterable<Uint8Array>) => Promise<void>;

/** Reads content without keeping it, as an inspection does. */
export const discard: WriteFile = async (_path, content) => {
  for await (const _ of content) continue;
};

/** Writes files below `directory`; the bounds are those of the archive that they come from. */
export function createTreeWriter(directory: string): WriteFile {
  const made = new Set<string>();
  return async (path, content) => {
    const target = join(directory, path);
    const parent = dirname(target);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    // Opened by itself: a stream per file makes a package of thousands of small ones slow.
    const file = await open(target, 'wx', 0o644);
    try {
      for await (const chunk of content) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  };
}
