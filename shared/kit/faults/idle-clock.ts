export interface IdleClockOptions {
  /** The caller: the clock is over when it aborts. Default: nobody can abort. */
  readonly signal?: AbortSignal;
  /** The longest silence. */
  readonly idleMs: number;
  /** The longest time in all. Default: no limit. */
  readonly totalMs?: number;
  /** Makes the error of the limit that was reached. */
  readonly late: (limit: 'idle' | 'total') => Error;
}

/** Limits how long something may be silent, and how long it may take in all. */
export interface IdleClock {
  /** Aborts when the caller does, or with the error of the limit that was reached. */
  readonly signal: AbortSignal;
  /** Starts the silence anew: something came. */
  restart(): void;
  /** Counts no silence until the next restart. The time in all goes on. */
  pause(): void;
  /** Removes the timer and the listener. */
  release(): void;
}

/** The longest time that a timer of Node takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function startIdleClock(options: IdleClockOptions): IdleClock {
  const { signal: caller, idleMs, totalMs = Number.POSITIVE_INFINITY, late } = options;
  const own = new AbortController();
  const endsAt = performance.now() + totalMs;
  let isReleased = false;
  let timer: NodeJS.Timeout | undefined;
  // One timer for both limits: requests restart it often.
  const expectWithin = (silenceMs: number): void => {
    clearTimeout(timer);
    if (isReleased) return;
    const leftMs = endsAt - performance.now();
    const limit = silenceMs < leftMs ? 'idle' : 'total';
    timer = setTimeout(() => own.abort(late(limit)), Math.min(silenceMs, leftMs, MAX_TIMER_MS));
  };
  const onAbort = () => {
    clearTimeout(timer);
    own.abort(caller?.reason);
  };
  caller?.addEventListener('abort', onAbort, { once: true });
  expectWithin(idleMs);
  if (caller?.aborted === true) onAbort();
  return {
    signal: own.signal,
    restart: () => expectWithin(idleMs),
    pause: () => expectWithin(Number.POSITIVE_INFINITY),
    release() {
      isReleased = true;
      clearTimeout(timer);
      caller?.removeEventListener('abort', onAbort);
    },
  };
}
