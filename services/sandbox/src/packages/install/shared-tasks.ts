import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

export interface SharedTasksOptions {
  /** Tasks at the same time. */
  readonly parallel: number;
  /** Tasks that may wait; more are turned away. */
  readonly waiting: number;
}

/** Runs tasks, a few at a time. Calls with the same key that overlap share one. */
export interface SharedTasks<T> {
  /**
   * Runs a task, or joins one with the same key. A task is stopped when all its callers have gone away.
   * @throws what `signal` was aborted with, what the task throws, or MeshError unavailable when too many wait
   */
  run(key: string, signal: AbortSignal, task: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  callers: number;
}

export function createSharedTasks<T>(options: SharedTasksOptions): SharedTasks<T> {
  const running = new Map<string, Running<T>>();
  const inTurn = createTurns(options);

  const start = (key: string, task: (signal: AbortSignal) => Promise<T>): Running<T> => {
    const controller = new AbortController();
    const { signal } = controller;
    const result = inTurn(signal, () => task(signal)).finally(() => {
      if (running.get(key) === started) running.delete(key);
    });
    const started: Running<T> = { result, controller, callers: 0 };
    // Each caller that still waits gets the failure; without one it is of no interest.
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
          current.controller.abort(signal.reason ?? new Error('all callers have gone away'));
        }
      }
    },
  };
}

/** Returns a function that runs a task when its turn has come. @throws MeshError unavailable when too many wait */
export function createTurns({ parallel, waiting }: SharedTasksOptions) {
  const queue: (() => void)[] = [];
  let active = 0;

  const turn = (signal: AbortSignal): Promise<void> => {
    if (queue.length >= waiting) {
      throw new MeshError('unavailable', 'Too many packages are being installed', { retryAfterSeconds: 10 });
    }
    return new Promise<void>((resolve, reject) => {
      queue.push(resolve);
      const leave = (): void => {
        // Not in the queue any more: it has had its turn.
        if (!queue.includes(resolve)) return;
        queue.splice(queue.indexOf(resolve), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  };

  const run = async <T>(signal: AbortSignal, mine: Promise<void>, task: () => Promise<T>): Promise<T> => {
    await mine;
    try {
      signal.throwIfAborted();
      return await task();
    } finally {
      // The place passes to the next task, or is free again.
      const next = queue.shift();
      if (next === undefined) active -= 1;
      else next();
    }
  };

  return <T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> => {
    if (active >= parallel) return run(signal, turn(signal), task);
    active += 1;
    return run(signal, Promise.resolve(), task);
  };
}
