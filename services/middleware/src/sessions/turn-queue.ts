import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** Lets one at a time through for each id, in the order in which they came. */
export interface TurnQueue {
  /** Resolves when it is one's turn, with what ends it. @throws MeshError rate_limited when too many wait already. */
  enter(id: string, signal: AbortSignal): Promise<() => void>;
}

const MAX_WAITING = 4;

/** Runs of one session come one after the other: each has to see what the one before it said. */
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
