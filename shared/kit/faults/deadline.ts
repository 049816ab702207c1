export interface Deadline {
  /** Aborts when the caller does, or when the time is up. */
  readonly signal: AbortSignal;
  /** Rejects when `signal` aborts, with its reason. Handled already, for those who do not look at it. */
  readonly over: Promise<never>;
  /** Ends the wait: timer and listener are gone. */
  release(): void;
}

/**
 * A signal that follows `caller` and aborts with what `late` makes after `ms` milliseconds. Unlike
 * `AbortSignal.timeout`, which keeps what listens to it until its time is up, it can be let go of.
 */
export function startDeadline(caller: AbortSignal, ms: number, late: () => Error): Deadline {
  const own = new AbortController();
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => {});
  const stop = (reason: unknown) => {
    over.reject(reason);
    own.abort(reason);
  };
  const onAbort = () => stop(caller.reason);
  const timer = setTimeout(() => stop(late()), ms);
  caller.addEventListener('abort', onAbort, { once: true });
  if (caller.aborted) onAbort();
  return {
    signal: own.signal,
    over: over.promise,
    release() {
      clearTimeout(timer);
      caller.removeEventListener('abort', onAbort);
    },
  };
}

/**
 * Runs `task` under a deadline, and does not wait for a task that pays no heed to its signal.
 * @throws what `caller` was aborted with, or what `late` makes
 */
export async function withDeadline<T>(
  caller: AbortSignal,
  ms: number,
  late: () => Error,
  task: (signal: AbortSignal) => Promise<T> | T,
): Promise<T> {
  const deadline = startDeadline(caller, ms, late);
  try {
    return await Promise.race([task(deadline.signal), deadline.over]);
  } finally {
    deadline.release();
  }
}
