import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

export interface SharedTasksOptions {
  /** How many run at once. */
  readonly parallel: number;
  /** How many may wait for their turn. */
  readonly waiting: number;
}

/** Runs tasks, a few at a time. Those with the same key that overlap are one. */
export interface SharedTasks<T> {
  /**
   * A task is stopped when all who wait for it have gone away.
   * @throws what `signal` was aborted with, what the task throws, or MeshError unavailable when too many wait
   */
  run(key: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}

export function createSharedTasks<T>({ parallel, waiting }: SharedTasksOptions): SharedTasks<T> {
  const running = new Map<string, Running<T>>();
  const queue: (() => void)[] = [];
  let active = 0;

  const turn = (signal: AbortSignal): Promise<void> => {
    if (queue.length >= waiting) {
      throw new MeshError('unavailable', 'Too many packages are being installed', { retryAfterSeconds: 10 });
    }
    return new Promise<void>((resolve, reject) => {
      queue.push(resolve);
      const leave = (): void => {
        // Not there any more: it has had its turn.
        if (!queue.includes(resolve)) return;
        queue.splice(queue.indexOf(resolve), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  };

  const inTurn = async (signal: AbortSignal, task: () => Promise<T>): Promise<T> => {
    if (active >= parallel) await turn(signal);
    else active += 1;
    try {
      signal.throwIfAborted();
      return await task();
    } finally {
      // The place goes to the next one, or is free again.
      const next = queue.shift();
      if (next === undefined) active -= 1;
      else next();
    }
  };

  const start = (key: string, task: (signal: AbortSignal) => Promise<T>): Running<T> => {
    const controller = new AbortController();
    const { signal } = controller;
    const result = inTurn(signal, () => task(signal)).finally(() => {
      if (running.get(key) === started) running.delete(key);
    });
    const started: Running<T> = { result, controller, callers: 0 };
    // Whoever waits hears of a failure; where nobody waits any more, nobody has to.
    result.catch(() => {});
    running.set(key, started);
    return started;
  };

  return {
    async run(key, signal, task) {
      signal.throwIfAborted();
      const current = running.get(key) ?? start(key, task);
      current.callers += 1;
      try {
        return await untilAborted(signal, () => current.result);
      } finally {
        current.callers -= 1;
        if (current.callers === 0 && running.get(key) === current) {
          running.delete(key);
          current.controller.abort(signal.reason ?? new Error('nobody waits for it any more'));
        }
      }
    },
  };
}
