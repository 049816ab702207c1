export interface RunClock {
  /** For tools and for a model that may still call some: aborts when there is just time enough for a last answer. */
  readonly work: AbortSignal;
  /** For that answer: aborts when the time is up. */
  readonly lastWord: AbortSignal;
  /** Whether `work` ended because of the time, rather than of the caller. */
  isLate(): boolean;
  release(): void;
}

const MAX_RESERVE_MS = 20_000;

/** Divides the time of a run; both signals follow `caller`, too. */
export function startRunClock(caller: AbortSignal, limitMs: number): RunClock {
  const work = new AbortController();
  const lastWord = new AbortController();
  const reserveMs = Math.min(MAX_RESERVE_MS, limitMs / 4);
  const timers = [setTimeout(() => work.abort(), limitMs - reserveMs), setTimeout(() => lastWord.abort(), limitMs)];
  const leave = () => {
    work.abort(caller.reason);
    lastWord.abort(caller.reason);
  };
  caller.addEventListener('abort', leave, { once: true });
  if (caller.aborted) leave();
  return {
    work: work.signal,
    lastWord: lastWord.signal,
    isLate: () => work.signal.aborted && !caller.aborted,
    release() {
      for (const timer of timers) clearTimeout(timer);
      caller.removeEventListener('abort', leave);
    },
  };
}
