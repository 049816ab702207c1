import { startDeadline } from './deadline.ts';

export interface WaitingQueueOptions {
  /** Callers that may wait; further ones are refused. */
  readonly maxLength: number;
  readonly maxWaitMs: number;
  /** Makes the error of a caller that finds the queue full. */
  readonly full: () => Error;
  /** Makes the error of a caller that has waited too long. */
  readonly late: () => Error;
}

/** Callers that wait for something to become free, served in the order of their arrival. */
export interface WaitingQueue<T> {
  readonly length: number;
  /**
   * Waits for a turn, `maxWaitMs` unless `waitMs` says otherwise.
   * @throws the error of a full queue or of too long a wait, or what `signal` was aborted with
   */
  wait(signal: AbortSignal, waitMs?: number): Promise<T>;
  /** Gives `item` to the caller that has waited longest. Returns false when nobody waits. */
  serve(item: T): boolean;
  /** Rejects all that wait. */
  refuse(error: Error): void;
}

interface Waiting<T> {
  readonly resolve: (item: T) => void;
  readonly reject: (error: unknown) => void;
}

export function createWaitingQueue<T>({ maxLength, maxWaitMs, full, late }: WaitingQueueOptions): WaitingQueue<T> {
  // A set keeps the order of arrival, and lets a caller leave from its middle.
  const queue = new Set<Waiting<T>>();

  const wait = async (signal: AbortSignal, waitMs = maxWaitMs): Promise<T> => {
    signal.throwIfAborted();
    if (queue.size >= maxLength) throw full();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiting = { resolve, reject };
    const deadline = startDeadline({ signal, ms: waitMs, late });
    const giveUp = () => {
      queue.delete(waiting);
      reject(deadline.signal.reason);
    };
    deadline.signal.addEventListener('abort', giveUp, { once: true });
    queue.add(waiting);
    try {
      return await promise;
    } finally {
      deadline.release();
    }
  };

  return {
    get length() {
      return queue.size;
    },
    wait,
    serve(item) {
      for (const first of queue) {
        queue.delete(first);
        first.resolve(item);
        return true;
      }
      return false;
    },
    refuse(error) {
      for (const waiting of queue) waiting.reject(error);
      queue.clear();
    },
  };
}
