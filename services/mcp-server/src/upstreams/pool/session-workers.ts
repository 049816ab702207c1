import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createWaitingQueue, type WaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import type { PoolMember } from './pool-member.ts';
import type { Forgotten, Owner, PoolEffect } from './pool-state.ts';
import type { StateLoss } from './worker-pool-options.ts';

export interface SessionWorkersOptions {
  /** Names the pool in errors. */
  readonly name: string;
  readonly maxOwn: number;
  readonly maxQueue: number;
  readonly ownIdleMs: number;
  /** Makes the error of a caller that has waited for too long. */
  readonly late: () => MeshError;
}

/** The sessions of a pool: those of their callers that wait for a worker, and what they have lost. */
export interface SessionWorkers<W> {
  /** Waits for the worker of a session, `waitMs` at most. */
  wait(owner: Owner, options: { readonly signal: AbortSignal; readonly waitMs: number }): Promise<PoolMember<W>>;
  /** Gives its worker to all callers of a session that wait. */
  serve(owner: Owner, member: PoolMember<W>): void;
  /** Rejects all callers of a session that wait. Without an `error`: sessions have as many workers as they may. */
  refuse(owner: Owner, error: MeshError | undefined): void;
  refuseAll(error: MeshError): void;
  /** Notes that a session has lost its worker. */
  forget(loss: Extract<PoolEffect, { readonly type: 'forget' }>): void;
  /** Returns the loss that a session was not told of yet. */
  lossOf(owner: Owner): StateLoss | undefined;
  /** Forgets a session that is over. */
  drop(owner: Owner): void;
}

/** Makes the sessions of a pool. `onServed` is called for each caller that gets a worker, before it is told. */
export function createSessionWorkers<W>(
  { name, maxOwn, maxQueue, ownIdleMs, late }: SessionWorkersOptions,
  onServed: (member: PoolMember<W>) => void,
): SessionWorkers<W> {
  const queues = new Map<Owner, WaitingQueue<PoolMember<W>>>();
  const losses = new Map<Owner, string>();
  const full = () =>
    new MeshError(
      'unavailable',
      `${name} has ${maxOwn} processes for sessions, and all are at work. Try again later, end sessions that are not needed, or raise "workers.sessions" in mesh.json`,
      { retryAfterSeconds: 5 },
    );
  const crowded = () => new MeshError('unavailable', `${maxQueue} calls of this session are waiting already`);
  const queueOf = (owner: Owner, maxWaitMs: number): WaitingQueue<PoolMember<W>> => {
    const queue = queues.get(owner) ?? createWaitingQueue({ maxLength: maxQueue, maxWaitMs, full: crowded, late });
    queues.set(owner, queue);
    return queue;
  };
  const reasons: Record<Forgotten, string> = {
    ended: 'it ended by itself',
    idle: `it was not used for ${Math.round(ownIdleMs / 1_000)} s`,
    'given up': `there may be ${maxOwn} such processes, and another session needed one`,
  };

  return {
    async wait(owner, { signal, waitMs }) {
      const queue = queueOf(owner, waitMs);
      try {
        return await queue.wait(signal, waitMs);
      } finally {
        if (queue.length === 0 && queues.get(owner) === queue) queues.delete(owner);
      }
    },
    serve(owner, member) {
      const queue = queues.get(owner);
      for (let waiting = queue?.length ?? 0; waiting > 0; waiting -= 1) {
        onServed(member);
        queue?.serve(member);
      }
    },
    refuse: (owner, error) => queues.get(owner)?.refuse(error ?? full()),
    refuseAll: (error) => queues.forEach((queue) => queue.refuse(error)),
    forget: ({ owner, why, reason }) => void losses.set(owner, reason ?? reasons[why]),
    lossOf(owner) {
      const reason = losses.get(owner);
      return reason === undefined ? undefined : { reason, told: () => void losses.delete(owner) };
    },
    drop(owner) {
      queues.get(owner)?.refuse(new MeshError('unavailable', 'The session has ended'));
      losses.delete(owner);
    },
  };
}
