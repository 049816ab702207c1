import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** A queue for each id that lets one caller through at a time, in order. */
export interface TurnQueue {
  /**
   * Resolves when it is the caller’s turn, with a function that ends it. @throws MeshError rate_limited when too many
   * are queued.
   */
  enter(id: string, signal: AbortSignal): Promise<() => void>;
}

const MAX_WAITING = 4;

/** Makes the queues. Runs of one session come one after the other: each needs the answer of the one before it. */
export function createTurnQueue(): TurnQueue {
  const queues = new Map<string, { tail: Promise<void>; length: number }>();
  return {
    async enter(id, signal) {
      const queue = queues.get(id) ?? { tail: Promise.resolve(), length: 0 };
      if (queue.length > MAX_WAITING) {
        throw new MeshError(
          'rate_limited',
          `${queue.length} messages of this session are under way; wait for an answer`,
        );
      }
      const before = queue.tail;
      const done = Promise.withResolvers<void>();
      queue.tail = before.then(() => done.promise);
      queue.length += 1;
      queues.set(id, queue);
      const leave = () => {
        queue.length -= 1;
        if (queue.length === 0) queues.delete(id);
        done.resolve();
      };
      try {
        await untilAborted(signal, () => before);
      } catch (error) {
        leave();
        throw error;
      }
      return leave;
    },
  };
}
