import type { SessionStream } from './session-stream.ts';

/** The answers whose readers have gone and may come back. */
export interface Orphans {
  /** Waits for a new reader; calls `giveUp` if none comes. */
  add(stream: SessionStream, giveUp: () => void): void;
}

export interface OrphanLimits {
  /** Answers that may wait at once: the one that waits for longest is given up for another. */
  readonly max: number;
  readonly waitMs: number;
}

export const ORPHAN_LIMITS: OrphanLimits = { max: 256, waitMs: 30_000 };

export function createOrphans({ max, waitMs }: OrphanLimits = ORPHAN_LIMITS): Orphans {
  const waiting = new Map<SessionStream, { readonly timer: NodeJS.Timeout; readonly giveUp: () => void }>();
  const end = (stream: SessionStream): void => {
    const orphan = waiting.get(stream);
    waiting.delete(stream);
    clearTimeout(orphan?.timer);
    if (!stream.isRead && !stream.hasEnded) orphan?.giveUp();
  };
  return {
    add(stream, giveUp) {
      clearTimeout(waiting.get(stream)?.timer);
      waiting.delete(stream);
      const [oldest] = waiting.keys();
      if (waiting.size >= max && oldest !== undefined) end(oldest);
      waiting.set(stream, { timer: setTimeout(end, waitMs, stream).unref(), giveUp });
    },
  };
}
