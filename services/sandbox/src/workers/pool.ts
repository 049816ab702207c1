import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createWaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { emptyPool, nextPoolState, type PoolEffect, type PoolEvent, type PoolState } from './pool-state.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface PoolOptions {
  readonly name: string;
  readonly start: () => Promise<WorkerProcess>;
  /** Workers kept warm while there is nothing to do. */
  readonly min: number;
  /** Workers at the same time, warm, busy and starting together. */
  readonly max: number;
  readonly logger: Logger;
  /** Callers that may wait for a worker; more are turned away. */
  readonly maxQueue?: number;
  /** The longest that a caller waits. */
  readonly maxWaitMs?: number;
}

export interface PoolStats {
  readonly idle: number;
  readonly busy: number;
  readonly starting: number;
  readonly queued: number;
}

export interface WorkerPool {
  /**
   * Runs `task` with a warm worker, which is killed afterwards.
   * @throws MeshError unavailable when the queue is full or no worker came free in time.
   */
  withWorker<T>(task: (worker: WorkerProcess) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Returns a warm worker that the caller has to kill. @throws as {@link withWorker}. */
  take(signal: AbortSignal): Promise<WorkerProcess>;
  stats(): PoolStats;
  /** @throws MeshError when no worker can be started at present. */
  check(): void;
  close(): void;
}

/** Keeps one-shot workers warm: at least `min`, more while callers wait, never more than `max`. */
export function createWorkerPool(options: PoolOptions): WorkerPool {
  const { name, start, min, max, logger, maxQueue = 64, maxWaitMs = 10_000 } = options;
  const queue = createQueue(maxQueue, maxWaitMs);
  let state = emptyPool<WorkerProcess>(min, max);
  let hasStarted = false;

  const apply = (event: PoolEvent<WorkerProcess>): void => {
    const step = nextPoolState(state, event, queue.length);
    state = step.state;
    for (const effect of step.effects) carryOut(effect);
  };

  const carryOut = (effect: PoolEffect<WorkerProcess>): void => {
    if (effect.type === 'start') void startOne();
    else if (effect.type === 'serve') queue.serve(effect.worker);
    else if (effect.type === 'kill') effect.worker.kill();
    else if (effect.type === 'refuse') queue.refuse(effect.error);
    else setTimeout(apply, effect.ms, { type: effect.event }).unref();
  };

  const startOne = async (): Promise<void> => {
    try {
      const worker = await start();
      void worker.gone.then(() => apply({ type: 'gone', worker }));
      hasStarted = true;
      apply({ type: 'started', worker });
    } catch (error) {
      logger.error({ err: error, pool: name }, 'a worker did not start');
      apply({ type: 'start_failed', error: MeshError.from(error) });
    }
  };

  const acquire = async (signal: AbortSignal): Promise<WorkerProcess> => {
    signal.throwIfAborted();
    if (state.idle.length === 0 && state.failure !== undefined) throw state.failure;
    const turn = queue.wait(signal);
    apply({ type: 'requested' });
    return turn;
  };

  apply({ type: 'refill_due' });
  return {
    async withWorker(task, signal) {
      const worker = await acquire(signal);
      try {
        return await task(worker);
      } finally {
        // The pool counts it until it is gone, since it takes up memory until then.
        worker.kill();
      }
    },
    async take(signal) {
      const worker = await acquire(signal);
      apply({ type: 'taken', worker });
      return worker;
    },
    stats: () => statsOf(state, queue.length),
    check: () => {
      const failure = state.failure ?? (hasStarted ? undefined : notWarm(name));
      if (failure !== undefined) throw failure;
    },
    close: () => apply({ type: 'closed' }),
  };
}

const statsOf = ({ idle, busy, starting }: PoolState<WorkerProcess>, queued: number): PoolStats => ({
  idle: idle.length,
  busy: busy.size,
  starting,
  queued,
});

/** Of a pool that never had a worker; later it may have none for a moment, and callers wait. */
const notWarm = (name: string) => new MeshError('unavailable', `no ${name} worker is warm yet`);

const createQueue = (maxLength: number, maxWaitMs: number) =>
  createWaitingQueue<WorkerProcess>({
    maxLength,
    maxWaitMs,
    full: () => new MeshError('unavailable', `The sandbox is full: ${maxLength} programs are waiting`),
    late: () => new MeshError('unavailable', `No worker of the sandbox came free within ${maxWaitMs} ms`),
  });
