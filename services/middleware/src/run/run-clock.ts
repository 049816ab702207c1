/** The time of a run, divided into work and a last answer. */
export interface RunClock {
  /** For tools and for a model that may still call some: aborts when there is just time enough for a last answer. */
  readonly work: AbortSignal;
  /** For that answer: aborts when the time is up. */
  readonly lastAnswer: AbortSignal;
  /** Returns whether `work` ended because of the time rather than the caller. */
  isLate(): boolean;
  release(): void;
}

const MAX_RESERVE_MS = 20_000;

/** Starts the clock of a run. Both signals also abort when `caller` does. */
export function startRunClock(caller: AbortSignal, limitMs: number): RunClock {
  const work = new AbortController();
  const lastAnswer = new AbortController();
  const reserveMs = Math.min(MAX_RESERVE_MS, limitMs / 4);
  const timers = [setTimeout(() => work.abort(), limitMs - reserveMs), setTimeout(() => lastAnswer.abort(), limitMs)];
  const onCallerAbort = () => {
    work.abort(caller.reason);
    lastAnswer.abort(caller.reason);
  };
  caller.addEventListener('abort', onCallerAbort, { once: true });
  if (caller.aborted) onCallerAbort();
  return {
    work: work.signal,
    lastAnswer: lastAnswer.signal,
    isLate: () => work.signal.aborted && !caller.aborted,
    release() {
      for (const timer of timers) clearTimeout(timer);
      caller.removeEventListener('abort', onCallerAbort);
    },
  };
}
