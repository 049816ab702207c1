/** In milliseconds. */
export interface BackOffTimes {
  /** The pause after the first failure; each further one doubles it. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Health that lasts this long makes the failures before it forgotten. */
  readonly healthyAfterMs: number;
}

export interface BackOffOptions extends BackOffTimes {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** When what keeps failing may be tried again. */
export interface BackOff {
  /** Milliseconds until the next try; 0 when it may be now. */
  readonly remainingMs: number;
  /** Whether nothing has gone well since the last failure. */
  readonly isFailing: boolean;
  failed(): void;
  succeeded(): void;
}

/** Pauses that double, with jitter, so that many that fail together do not come back together. */
export function createBackOff({ baseMs, maxMs, healthyAfterMs, now, random }: BackOffOptions): BackOff {
  let failures = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  let healthySince: number | undefined;
  let isFailing = false;
  return {
    get remainingMs() {
      return Math.max(0, notBefore - now());
    },
    get isFailing() {
      return isFailing;
    },
    failed() {
      isFailing = true;
      // Many that fail together are one failure: nothing was tried in between.
      if (notBefore > now()) return;
      if (healthySince !== undefined && now() - healthySince >= healthyAfterMs) failures = 0;
      failures += 1;
      const full = Math.min(maxMs, baseMs * 2 ** (failures - 1));
      notBefore = now() + full * (0.5 + random() / 2);
      healthySince = undefined;
    },
    succeeded() {
      healthySince ??= now();
      isFailing = false;
    },
  };
}
