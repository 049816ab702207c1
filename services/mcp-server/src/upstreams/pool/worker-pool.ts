import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createWaitingQueue, type WaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import { createLook } from './look.ts';
import { PoolEngine } from './pool-engine.ts';
import { assigned, checked, closing, demanded, released, stopped } from './pool-events.ts';
import type { PoolMember } from './pool-member.ts';
import { membersOf } from './pool-state.ts';
import { createSessionWorkers } from './session-workers.ts';
import { createTake } from './take-worker.ts';
import {
  type CompleteOptions,
  DEFAULTS,
  type PoolWorker,
  type WorkerPool,
  type WorkerPoolOptions,
  type WorkerPoolStats,
} from './worker-pool-options.ts';

export type { PoolWorker, WorkerPool, WorkerPoolOptions, WorkerPoolStats } from './worker-pool-options.ts';

/**
 * Makes a pool of `min` to `max` workers: more while there is more to do, each replaced when it fails. Sessions have workers
 * of their own beside it.
 */
export function createWorkerPool<W extends PoolWorker>(given: WorkerPoolOptions<W>): WorkerPool<W> {
  const options = { ...DEFAULTS, restMin: given.min, ...given };
  const { name, closeMs, idleMs, ownIdleMs, pingEveryMs } = options;
  const stopping = new AbortController();
  const waiters = createWaiters(options, (member) => engine.dispatch(assigned(member.id)));
  const { queue, sessions, looks } = waiters;
  const engine: PoolEngine<W> = new PoolEngine(options, waiters, stopping.signal);
  const checkMs = Math.max(10, Math.min(idleMs, ownIdleMs, pingEveryMs) / 4);
  const checks = setInterval(() => engine.dispatch(checked), checkMs);
  const take = createTake(options, engine, waiters);
  engine.dispatch(demanded);

  const run = createRun(engine);
  const refuseIfClosing = (signal: AbortSignal): void => {
    signal.throwIfAborted();
    if (stopping.signal.aborted) throw stopping.signal.reason;
  };

  return {
    async withWorker(task, signal, waitMs) {
      refuseIfClosing(signal);
      return run(await take.shared({ signal, waitMs }), task, signal);
    },
    async withOwnWorker(session, task, call) {
      refuseIfClosing(call.signal);
      return run(await take.own(session, call), task, call.signal);
    },
    lossOf: sessions.lossOf,
    look: createLook(engine, looks),
    stats: () => statsOf(engine, queue, options),
    lastError: () => (engine.state.members.size === 0 ? engine.failure : undefined),
    async close() {
      clearInterval(checks);
      const error = new MeshError('unavailable', `${name} is shutting down`);
      stopping.abort(error);
      engine.dispatch(closing);
      queue.refuse(error);
      sessions.refuseAll(error);
      looks.refuse(error);
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, closeMs);
      await Promise.race([engine.drained, timeout.promise]);
      clearTimeout(timer);
      engine.dispatch(stopped({ reason: 'was closed', error }));
      await engine.settled();
    },
  };
}

/** Returns what runs the task of a call with a member that it was assigned to. */
function createRun<W extends PoolWorker>(engine: PoolEngine<W>) {
  return async <T>(
    member: PoolMember<W>,
    task: (worker: W, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> => {
    let isGivenUp = true;
    try {
      const result = await member.run(task, signal);
      isGivenUp = false;
      return result;
    } catch (error) {
      isGivenUp = signal.aborted || (error instanceof MeshError && error.code === 'upstream_timeout');
      throw error;
    } finally {
      engine.dispatch(released(member.id, { isGivenUp }));
    }
  };
}

/** The pause after which a caller may try again to reach what is starting. */
const START_RETRY_SECONDS = 5;

function createWaiters<W extends PoolWorker>(
  { name, maxQueue, maxWaitMs, maxOwn, ownIdleMs, startTimeoutMs, starting }: CompleteOptions<W>,
  onServed: (member: PoolMember<W>) => void,
) {
  const isBusy = (why: string) => () => new MeshError('unavailable', `${name} is busy: ${why}`);
  const full = isBusy(`${maxQueue} calls are waiting already; try again later`);
  const lateAfter = (ms: number) => () => {
    const words = starting();
    if (words === undefined) return isBusy(`nothing came free within ${ms} ms`)();
    return new MeshError('unavailable', `${name} is ${words}`, { retryAfterSeconds: START_RETRY_SECONDS });
  };
  const queueFor = (ms: number) =>
    createWaitingQueue<PoolMember<W>>({ maxLength: maxQueue, maxWaitMs: ms, full, late: lateAfter(ms) });
  return {
    queue: queueFor(maxWaitMs),
    looks: queueFor(startTimeoutMs),
    sessions: createSessionWorkers<W>({ name, maxOwn, maxQueue, ownIdleMs, late: lateAfter(maxWaitMs) }, onServed),
  };
}

function statsOf<W extends PoolWorker>(
  { state }: PoolEngine<W>,
  queue: WaitingQueue<PoolMember<W>>,
  { min, max }: CompleteOptions<W>,
): WorkerPoolStats {
  const shared = membersOf('shared', state.members);
  const total = shared.length;
  const busy = shared.filter(({ active }) => active > 0).length;
  return {
    min,
    max,
    total,
    busy,
    idle: total - busy,
    restarts: state.restarts,
    queue_depth: queue.length,
    sessions: state.members.size - total,
    sessions_given_up: state.givenUp,
  };
}
