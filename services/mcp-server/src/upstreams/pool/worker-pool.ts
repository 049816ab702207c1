import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createWaitingQueue, type WaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import { PoolEngine } from './pool-engine.ts';
import type { PoolMember } from './pool-member.ts';
import { assigned, checked, closing, demanded, hopelessForMs, leastBusy, released, stopped } from './pool-state.ts';
import {
  type CompleteOptions,
  DEFAULTS,
  type PoolWorker,
  type WorkerPool,
  type WorkerPoolOptions,
  type WorkerPoolStats,
} from './worker-pool-options.ts';

export type { PoolWorker, WorkerPool, WorkerPoolOptions, WorkerPoolStats } from './worker-pool-options.ts';

/** Makes a pool of `min` to `max` workers: more while there is more to do, each replaced when it fails. */
export function createWorkerPool<W extends PoolWorker>(given: WorkerPoolOptions<W>): WorkerPool<W> {
  const options = { ...DEFAULTS, ...given };
  const { name, closeMs, idleMs, pingEveryMs } = options;
  const queue = createQueue(options);
  const stopping = new AbortController();
  const engine = new PoolEngine(options, queue, stopping.signal);
  const checks = setInterval(() => engine.dispatch(checked), Math.max(10, Math.min(idleMs, pingEveryMs) / 4));
  const take = createTake(options, engine, queue);
  engine.dispatch(demanded);

  return {
    async withWorker(task, signal) {
      signal.throwIfAborted();
      if (stopping.signal.aborted) throw stopping.signal.reason;
      const member = await take(signal);
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
    },
    stats: () => statsOf(engine, queue, options),
    lastError: () => (engine.state.members.size === 0 ? engine.failure : undefined),
    async close() {
      clearInterval(checks);
      const error = new MeshError('unavailable', `${name} is shutting down`);
      stopping.abort(error);
      engine.dispatch(closing);
      queue.refuse(error);
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, closeMs);
      await Promise.race([engine.drained, timeout.promise]);
      clearTimeout(timer);
      engine.dispatch(stopped({ reason: 'was closed', error }));
      await engine.settled();
    },
  };
}

function createQueue<W extends PoolWorker>(options: CompleteOptions<W>): WaitingQueue<PoolMember<W>> {
  const { name, maxQueue: maxLength, maxWaitMs } = options;
  const isBusy = (why: string) => () => new MeshError('unavailable', `${name} is busy: ${why}`);
  return createWaitingQueue({
    maxLength,
    maxWaitMs,
    full: isBusy(`${maxLength} calls are waiting already; try again later`),
    late: isBusy(`nothing came free within ${maxWaitMs} ms`),
  });
}

/** Returns what takes a place on a worker for a call, waiting for one if it must. */
function createTake<W extends PoolWorker>(
  options: CompleteOptions<W>,
  engine: PoolEngine<W>,
  queue: WaitingQueue<PoolMember<W>>,
): (signal: AbortSignal) => Promise<PoolMember<W>> {
  /** @throws MeshError unavailable if waiting makes no sense. */
  const refuseIfHopeless = (): void => {
    const pauseMs = hopelessForMs(engine.state, { limits: options, now: performance.now() });
    if (pauseMs === undefined) return;
    const { failure } = engine;
    const message = `${options.name} does not run and is tried again later: ${failure?.message}`;
    const retryAfterSeconds = Math.max(1, Math.ceil(pauseMs / 1_000));
    throw new MeshError('unavailable', message, { cause: failure, retryAfterSeconds });
  };
  return async (signal) => {
    refuseIfHopeless();
    const id = leastBusy(engine.state.members, options.concurrency);
    const free = id === undefined ? undefined : engine.member(id);
    if (free !== undefined) {
      engine.dispatch(assigned(free.id));
      return free;
    }
    const turn = queue.wait(signal);
    engine.dispatch(demanded);
    return turn;
  };
}

function statsOf<W extends PoolWorker>(
  { state }: PoolEngine<W>,
  queue: WaitingQueue<PoolMember<W>>,
  { min, max }: CompleteOptions<W>,
): WorkerPoolStats {
  const total = state.members.size;
  const busy = [...state.members.values()].filter(({ active }) => active > 0).length;
  return { min, max, total, busy, idle: total - busy, restarts: state.restarts, queue_depth: queue.length };
}
