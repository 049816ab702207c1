import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refusal } from '../refusal.ts';
import { digestOf } from './sealed-tree.ts';

/** Writes one file into a layer that is being built. False when another package has put a file there already. */
export type WriteFile = (path: string, content: AsyncIterable<Buffer>) => Promise<boolean>;

/** Writes the files of a new layer below `directory`, at most `maxBytes` of them. */
export function createLayerWriter(directory: string, maxBytes: number) {
  const made = new Set<string>();
  const files = new Map<string, string>();
  let writtenBytes = 0;
  const write: WriteFile = async (path, content) => {
    if (files.has(path)) {
      for await (const _ of content) continue;
      return false;
    }
    const target = join(directory, path);
    const parent = dirname(target);
    if (!made.has(parent)) await mkdir(parent, { recursive: true });
    made.add(parent);
    const hash = createHash('sha256');
    // Opened by itself: a stream per file makes a package of thousands of small ones slow.
    const file = await open(target, 'wx', 0o444);
    try {
      for await (const chunk of content) {
        writtenBytes += chunk.length;
        if (writtenBytes > maxBytes) {
          throw new Refusal('too_large', 'The packages together take more room than there is');
        }
        hash.update(chunk);
        await file.writeFile(chunk);
      }
    } finally {
      await file.close();
    }
    files.set(path, hash.digest('hex'));
    return true;
  };
  return {
    write,
    tree: () => digestOf(files),
    get writtenBytes() {
      return writtenBytes;
    },
  };
}
