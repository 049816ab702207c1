/** The recent demand for workers that are slow to start: how many to keep warm for the next burst like the last ones. */
export interface Demand {
  /** Notes that a caller has come. */
  arrived(): void;
  /** Returns how many workers to keep warm. */
  target(): number;
}

export interface DemandOptions {
  /** Workers to keep warm without any demand. */
  readonly least: number;
  /** The most, whatever the demand is. */
  readonly most: number;
  /** Milliseconds, on a clock that only goes forward. */
  readonly now?: () => number;
}

/** Callers within so short a time share the workers that were warm before: a start takes about as long. */
const BURST_MS = 3_000;
/** Time for which a burst is remembered. */
const KEEP_MS = 300_000;

/** Keeps as many workers warm as came at once lately, and one more, since the next burst may be larger. */
export function createDemand({ least, most, now = () => performance.now() }: DemandOptions): Demand {
  let recent: readonly number[] = [];
  let peak = 0;
  let peakAt = Number.NEGATIVE_INFINITY;
  return {
    arrived() {
      const at = now();
      // Above the most there is nothing to learn.
      recent = [...recent.filter((time) => at - time < BURST_MS), at].slice(-most);
      if (recent.length < peak && at - peakAt < KEEP_MS) return;
      peak = recent.length;
      peakAt = at;
    },
    target() {
      const wanted = now() - peakAt < KEEP_MS ? peak + 1 : 0;
      return Math.min(most, Math.max(least, wanted));
    },
  };
}
