import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createWaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { WorkerProcess } from './worker-process.ts';

export interface PoolOptions {
  readonly name: string;
  readonly start: () => Promise<WorkerProcess>;
  /** Workers kept warm while nothing is asked of them. */
  readonly min: number;
  /** Workers at the same time, warm, busy and starting together. */
  readonly max: number;
  readonly logger: Logger;
  /** Callers that may wait for a worker; more are turned away. */
  readonly maxQueue?: number;
  /** How long a caller waits at most. */
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
   * Gives `task` a warm worker, which is killed when `task` is done with it.
   * @throws MeshError unavailable when the queue is full or no worker came free in time.
   */
  withWorker<T>(task: (worker: WorkerProcess) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Gives a warm worker away, to be killed by whoever takes it. @throws as {@link withWorker}. */
  take(signal: AbortSignal): Promise<WorkerProcess>;
  stats(): PoolStats;
  /** @throws MeshError when no worker can be started at present. */
  check(): void;
  close(): void;
}

/** Starting a process blocks for some milliseconds: not while the program that took its worker runs or is answered. */
const REFILL_DELAY_MS = 20;
/** How long workers above `min` are kept. */
const IDLE_MS = 30_000;
/** The pause after a worker failed to start, so that a broken runtime does not eat the machine. */
const RETRY_MS = 1_000;

/** Keeps one-shot workers warm: at least `min`, more while callers wait, never more than `max`. */
export function createWorkerPool(options: PoolOptions): WorkerPool {
  const { name, start, min, max, logger, maxQueue = 64, maxWaitMs = 10_000 } = options;
  const idle: WorkerProcess[] = [];
  const queue = createWaitingQueue<WorkerProcess>({
    maxLength: maxQueue,
    maxWaitMs,
    full: () => new MeshError('unavailable', `The sandbox is full: ${maxQueue} programs are waiting`),
    late: () => new MeshError('unavailable', `No worker of the sandbox came free within ${maxWaitMs} ms`),
  });
  const busy = new Set<WorkerProcess>();
  let starting = 0;
  let failure: MeshError | undefined;
  let closed = false;

  const fillSoon = (): void => {
    if (queue.length > 0) fill();
    else setTimeout(fill, REFILL_DELAY_MS).unref();
  };

  const fill = (): void => {
    if (closed || failure !== undefined) return;
    const wanted = Math.min(min + queue.length - idle.length, max - idle.length - busy.size) - starting;
    for (let i = 0; i < wanted; i += 1) void add();
  };

  const add = async (): Promise<void> => {
    starting += 1;
    try {
      const worker = await start();
      if (closed) return worker.kill();
      failure = undefined;
      void worker.gone.then(() => discard(worker));
      offer(worker);
    } catch (error) {
      logger.error({ err: error, pool: name }, 'a worker did not start');
      failure = MeshError.from(error);
      queue.refuse(failure);
      setTimeout(retry, RETRY_MS).unref();
    } finally {
      starting -= 1;
    }
  };

  const retry = (): void => {
    if (failure === undefined) return;
    failure = undefined;
    fill();
  };

  const offer = (worker: WorkerProcess): void => {
    if (queue.serve(worker)) return void busy.add(worker);
    idle.push(worker);
    setTimeout(shrink, IDLE_MS).unref();
  };

  const shrink = (): void => {
    if (idle.length > min && queue.length === 0) idle.shift()?.kill();
  };

  /** A warm worker that died by itself is replaced. */
  const discard = (worker: WorkerProcess): void => {
    const index = idle.indexOf(worker);
    if (index < 0) return;
    idle.splice(index, 1);
    fill();
  };

  const acquire = (signal: AbortSignal): Promise<WorkerProcess> => {
    const warm = idle.shift();
    if (warm !== undefined) {
      busy.add(warm);
      return Promise.resolve(warm);
    }
    if (failure !== undefined) return Promise.reject(failure);
    const worker = queue.wait(signal);
    fill();
    return worker;
  };

  fill();
  return {
    async withWorker(task, signal) {
      signal.throwIfAborted();
      const worker = await acquire(signal);
      fillSoon();
      try {
        return await task(worker);
      } finally {
        worker.kill();
        // Until it is gone it takes up memory: the maximum counts it, and nobody waits for it.
        void worker.gone.then(() => {
          busy.delete(worker);
          fillSoon();
        });
      }
    },
    async take(signal) {
      signal.throwIfAborted();
      const worker = await acquire(signal);
      busy.delete(worker);
      fillSoon();
      return worker;
    },
    stats: () => ({ idle: idle.length, busy: busy.size, starting, queued: queue.length }),
    check: () => {
      if (failure !== undefined) throw failure;
      if (idle.length + busy.size === 0) throw new MeshError('unavailable', `no ${name} worker is warm yet`);
    },
    close: () => {
      closed = true;
      for (const worker of [...idle, ...busy]) worker.kill();
    },
  };
}
