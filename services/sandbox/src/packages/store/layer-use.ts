import { utimes } from 'node:fs/promises';
import { recordPath } from './tree-files.ts';

/** Notes which layers are in use, and when they last were; the time of a layer's record tells it to later starts. */
export interface LayerUse {
  /** Notes that a program is about to import from a layer. */
  touch(directory: string): void;
  /** Keeps a layer until the returned function is called. */
  hold(directory: string): () => void;
  /** True for a layer that no program has, or is about to get. */
  isFree(directory: string): boolean;
  /** Returns when a layer was last used, given the time of its record, in milliseconds. */
  lastUsedMs(directory: string, recordMs: number): number;
}

/** The time within which a program starts that was given a layer. */
const GRACE_MS = 300_000;
/** A record is given a new time this often. */
const NOTED_MS = 3_600_000;

export function createLayerUse(now: () => Date): LayerUse {
  const held = new Map<string, number>();
  const used = new Map<string, number>();
  const noted = new Map<string, number>();

  const touch = (directory: string): void => {
    const at = now();
    used.set(directory, at.getTime());
    if (at.getTime() - (noted.get(directory) ?? 0) < NOTED_MS) return;
    noted.set(directory, at.getTime());
    // A layer that has no record has been removed meanwhile.
    utimes(recordPath(directory), at, at).catch(() => {});
  };

  return {
    touch,
    hold(directory) {
      held.set(directory, (held.get(directory) ?? 0) + 1);
      touch(directory);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (held.get(directory) ?? 1) - 1;
        if (left > 0) held.set(directory, left);
        else held.delete(directory);
        touch(directory);
      };
    },
    isFree: (directory) =>
      !held.has(directory) && now().getTime() - (used.get(directory) ?? Number.NEGATIVE_INFINITY) > GRACE_MS,
    lastUsedMs: (directory, recordMs) => Math.max(used.get(directory) ?? 0, recordMs),
  };
}
