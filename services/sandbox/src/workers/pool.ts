import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createWaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Budget } from './budget.ts';
import type { Demand } from './demand.ts';
import {
  emptyPool,
  lacksOf,
  nextPoolState,
  type PoolEffect,
  type PoolEvent,
  type PoolState,
  type PoolTimer,
  warmOf,
} from './pool-state.ts';
import type { WarmWorkers } from './warm-workers.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface PoolOptions {
  readonly name: string;
  readonly start: () => Promise<WorkerProcess>;
  /** Workers kept warm while there is nothing to do, as far as no other pool needs their places. */
  readonly min: number;
  /** Raises `min` for a while after bursts, where workers are slow to start. */
  readonly demand?: Demand | undefined;
  readonly budget: Budget;
  readonly warmWorkers: WarmWorkers;
  readonly logger: Logger;
  /** The longest that a caller that may run waits for its worker to start. */
  readonly maxStartMs?: number;
}

export interface PoolStats {
  readonly idle: number;
  readonly busy: number;
  readonly starting: number;
}

export interface WorkerPool {
  /**
   * Runs `task`, which may use `bytes`, with a warm worker, which is killed afterwards.
   * @throws MeshError unavailable when too many wait or neither place nor memory came free in time.
   */
  withWorker<T>(bytes: number, task: (worker: WorkerProcess) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Returns a warm worker that the caller, whom the budget lets run, has to kill. @throws as {@link withWorker}. */
  take(signal: AbortSignal): Promise<WorkerProcess>;
  stats(): PoolStats;
  /** @throws MeshError when no worker can be started at present. */
  check(): void;
  /** Replaces its idle workers: what they have been started with is out of date. */
  renew(): void;
  /** Returns true while it has workers or callers. */
  isUsed(): boolean;
  close(): void;
}

/** Keeps one-shot workers warm, and starts more for callers that the budget lets run. */
export function createWorkerPool(options: PoolOptions): WorkerPool {
  const { budget } = options;
  const workers = createWorkers(options);
  const { acquire } = workers;
  return {
    async withWorker(bytes, task, signal) {
      throwIfBroken(workers.state());
      const account = budget.open();
      await account.run(bytes, signal);
      const worker = await acquire(signal).catch((error: unknown) => {
        account.end();
        throw error;
      });
      // It takes up its place and its memory until it is gone.
      void worker.gone.then(account.end);
      try {
        return await task(worker);
      } finally {
        worker.kill();
      }
    },
    async take(signal) {
      const worker = await acquire(signal);
      workers.apply({ type: 'taken', worker });
      return worker;
    },
    stats: () => {
      const { idle, busy, starting } = workers.state();
      return { idle: idle.length, busy: busy.size, starting };
    },
    check: () => {
      throwIfBroken(workers.state());
      if (workers.isCold()) throw new MeshError('unavailable', `no ${options.name} worker is warm yet`);
    },
    isUsed: () => {
      const { idle, busy, starting } = workers.state();
      return idle.length + busy.size + starting > 0;
    },
    renew: workers.renew,
    close: workers.close,
  };
}

/** The processes of a pool, and its callers that wait for one to start. */
function createWorkers({ name, start, min, demand, budget, warmWorkers, logger, maxStartMs = 10_000 }: PoolOptions) {
  const target = () => Math.max(min, demand?.target() ?? 0);
  const queue = createQueue(budget.maxPrograms, maxStartMs);
  let state = emptyPool<WorkerProcess>(min);

  const apply = (event: PoolEvent<WorkerProcess>): void => {
    const step = nextPoolState({ ...state, min: target() }, event, queue.length);
    state = step.state;
    for (const effect of step.effects) carryOut(effect);
    warmWorkers.changed();
  };

  const carryOut = (effect: PoolEffect<WorkerProcess>): void => {
    if (effect.type === 'start') void starter.startOne();
    else if (effect.type === 'serve') queue.serve(effect.worker);
    else if (effect.type === 'kill') effect.worker.kill();
    else if (effect.type === 'refuse') queue.refuse(effect.error);
    else setTimeout(timerDue, effect.ms, effect).unref();
  };

  const timerDue = ({ ms, event }: { readonly ms: number; readonly event: PoolTimer }): void => {
    apply({ type: event });
    // What a burst has raised goes down again later.
    if (event === 'idle_due' && state.idle.length > min && target() > min)
      setTimeout(timerDue, ms, { ms, event }).unref();
  };

  const starter = createStarter({ name, start, logger, apply: (event) => apply(event) });

  const lacks = () => lacksOf({ ...state, min: target() }, queue.length);
  const member = warmWorkers.join({
    warm: () => warmOf(state, queue.length),
    idle: () => state.idle.length,
    lacks,
    start: () => apply({ type: 'warm_up' }),
    shed: () => apply({ type: 'shed' }),
  });
  return {
    state: () => state,
    apply,
    /** Returns true before its first worker is warm, where there is room for one. */
    isCold: () => !starter.hasStarted() && (state.starting > 0 || (lacks() > 0 && member.hasRoom())),
    async acquire(signal: AbortSignal): Promise<WorkerProcess> {
      signal.throwIfAborted();
      throwIfBroken(state);
      member.used();
      demand?.arrived();
      const isWarm = state.idle.length > 0;
      const turn = queue.wait(signal);
      apply({ type: 'requested' });
      if (!isWarm) member.makeRoom();
      return turn;
    },
    renew: () => {
      starter.outdate();
      for (const worker of state.idle) apply({ type: 'retired', worker });
    },
    close: () => {
      apply({ type: 'closed' });
      member.leave();
    },
  };
}

interface StarterOptions extends Pick<PoolOptions, 'name' | 'start' | 'logger'> {
  apply(event: PoolEvent<WorkerProcess>): void;
}

/** Starts the workers of a pool. */
function createStarter({ name, start, logger, apply }: StarterOptions) {
  let generation = 0;
  let hasStarted = false;
  return {
    hasStarted: () => hasStarted,
    /** Says that workers that are starting now are out of date when they are idle. */
    outdate: () => void (generation += 1),
    startOne: async (): Promise<void> => {
      const born = generation;
      try {
        const worker = await start();
        hasStarted = true;
        void worker.gone.then(() => apply({ type: 'gone', worker }));
        apply({ type: 'started', worker });
        if (born !== generation) apply({ type: 'retired', worker });
      } catch (error) {
        logger.error({ err: error, pool: name }, 'a worker did not start');
        apply({ type: 'start_failed', error: MeshError.from(error) });
      }
    },
  };
}

function throwIfBroken({ idle, failure }: PoolState<WorkerProcess>): void {
  if (idle.length === 0 && failure !== undefined) throw failure;
}

/** Callers that may run wait here for a worker that starts: no more than programs that may run. */
const createQueue = (maxLength: number, maxWaitMs: number) =>
  createWaitingQueue<WorkerProcess>({
    maxLength,
    maxWaitMs,
    full: () => new MeshError('unavailable', `The sandbox is full: ${maxLength} programs wait for a worker to start`),
    late: () => new MeshError('unavailable', `No worker of the sandbox started within ${maxWaitMs} ms`),
  });
