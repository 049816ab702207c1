import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { BackOffTimes } from './back-off.ts';

/** What a pool keeps: a process, as a rule, that serves several calls at a time. */
export interface PoolWorker {
  /** Resolves (never rejects) when it has ended, with the reason in words for an operator. */
  readonly gone: Promise<Error>;
  /** @throws when it is not well. */
  ping(signal: AbortSignal): Promise<void>;
  /** Ends it, within a time of its own. May be called when it is gone. */
  close(): Promise<void>;
}

export interface WorkerPoolOptions<W extends PoolWorker> {
  /** Names the pool in errors and in the log. */
  readonly name: string;
  /** Workers that are kept while nothing is asked of them. */
  readonly min: number;
  /** Workers at the same time: starting, serving and ending ones together. */
  readonly max: number;
  /** Starts one that is ready for calls. `signal` aborts when the pool closes or the start takes too long. */
  readonly start: (signal: AbortSignal) => Promise<W>;
  readonly logger: Logger;
  /** Calls that one worker serves at a time. Default 8. */
  readonly concurrency?: number;
  /** Callers that may wait. Default 256. */
  readonly maxQueue?: number;
  /** How long a caller waits at most, in milliseconds, as are all that follow. Default 10 000. */
  readonly maxWaitMs?: number;
  /** Calls after which a worker is replaced. Default: none. */
  readonly maxCallsPerWorker?: number;
  /** How long a worker above `min` may have nothing to do. Default 60 000. */
  readonly idleMs?: number;
  /** How often a worker with nothing to do is asked whether it is well. Default 15 000. */
  readonly pingEveryMs?: number;
  /** Default 5 000. */
  readonly pingTimeoutMs?: number;
  /** Default 75 000: some are downloaded at their first start. */
  readonly startTimeoutMs?: number;
  /** How long {@link WorkerPool.close} lets running calls end; also how long one worker may take to. Default 5 000. */
  readonly closeMs?: number;
  /** The pauses between starts that fail. Default: 100 ms, doubling to 30 s, forgotten after 30 s of health. */
  readonly backOff?: BackOffTimes;
  /** Called when a worker has come or gone. */
  readonly onChange?: () => void;
}

/** As in `GET /stats` (contract, section 4). `busy` workers run a call; `total` is `busy` and `idle` together. */
export interface WorkerPoolStats {
  readonly min: number;
  readonly max: number;
  readonly total: number;
  readonly busy: number;
  readonly idle: number;
  /** Workers that crashed, hung or did not start. Each is replaced as soon as it is needed. */
  readonly restarts: number;
  readonly queue_depth: number;
}

export interface WorkerPool<W extends PoolWorker> {
  /**
   * Runs `task` with the worker that has least to do. The signal that the task gets aborts with `signal` and when the
   * worker ends; nobody waits for a task that does not heed it.
   * @throws MeshError upstream_failed when the worker ends during the call; unavailable when too many wait, or for too
   *   long, or none can be started at present; what `start` threw; what `signal` was aborted with; what `task` throws.
   */
  withWorker<T>(task: (worker: W, signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  stats(): WorkerPoolStats;
  /** What went wrong last, while there is no worker; undefined when there is one. */
  lastError(): MeshError | undefined;
  /** Lets running calls end for `closeMs`, then ends all workers, each within `closeMs`. */
  close(): Promise<void>;
}
