export interface DeadlineOptions {
  /** The caller: the deadline is over when it aborts. Default: nobody can abort. */
  readonly signal?: AbortSignal;
  readonly ms: number;
  /** Makes the error of a deadline that has passed. */
  readonly late: () => Error;
}

export interface Deadline {
  /** Aborts when the caller does, or with the error of the deadline. */
  readonly signal: AbortSignal;
  /** Removes the timer and the listener. */
  release(): void;
}

/**
 * Starts a signal that follows the caller and aborts after `ms` milliseconds. Unlike `AbortSignal.timeout`, which keeps
 * its listeners until the time is up, it can be released.
 */
export function startDeadline({ signal: caller, ms, late }: DeadlineOptions): Deadline {
  const own = new AbortController();
  const timer = setTimeout(() => own.abort(late()), ms);
  const onAbort = () => {
    clearTimeout(timer);
    own.abort(caller?.reason);
  };
  caller?.addEventListener('abort', onAbort, { once: true });
  if (caller?.aborted === true) onAbort();
  return {
    signal: own.signal,
    release() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', onAbort);
    },
  };
}

/**
 * Runs `task` under a deadline, and does not wait for a task that ignores its signal.
 * @throws what the caller was aborted with, or what `late` makes
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  task: (signal: AbortSignal) => Promise<T> | T,
): Promise<T> {
  const { signal, release } = startDeadline(options);
  try {
    return await untilAborted(signal, () => task(signal));
  } finally {
    release();
  }
}

/**
 * Runs `task` until `signal` aborts, and does not wait any longer then.
 * @throws the reason of the abort, without running the task if it came before
 */
export async function untilAborted<T>(signal: AbortSignal, task: () => Promise<T> | T): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([task(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
