import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { BackOffTimes } from './back-off.ts';

/** A member of a pool: as a rule a process, which serves several calls at a time. */
export interface PoolWorker {
  /** Resolves (never rejects) with the reason, in words for an operator, when it has ended. */
  readonly gone: Promise<Error>;
  /** @throws when it is not healthy. */
  ping(signal: AbortSignal): Promise<void>;
  /** Ends it, within a time of its own. May be called after it has ended. */
  close(): Promise<void>;
}

export interface WorkerPoolOptions<W extends PoolWorker> {
  /** Names the pool in errors and in the log. */
  readonly name: string;
  /** Workers that are kept while there are no calls. */
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
  /** Longest wait of a caller, in milliseconds, as are all that follow. Default 10 000. */
  readonly maxWaitMs?: number;
  /** Calls after which a worker is replaced. Default: no limit. */
  readonly maxCallsPerWorker?: number;
  /** Idle time after which a worker above `min` is closed. Default 60 000. */
  readonly idleMs?: number;
  /** Interval of pings to an idle worker. Default 15 000. */
  readonly pingEveryMs?: number;
  /** Default 5 000. */
  readonly pingTimeoutMs?: number;
  /** Default 75 000: some are downloaded at their first start. */
  readonly startTimeoutMs?: number;
  /** Time for running calls to end at {@link WorkerPool.close}, and for one worker to close. Default 5 000. */
  readonly closeMs?: number;
  /** Pauses between starts that fail. Default: 100 ms, doubling to 30 s, reset after 30 s of health. */
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

type Defaulted =
  | 'concurrency'
  | 'maxQueue'
  | 'maxWaitMs'
  | 'maxCallsPerWorker'
  | 'idleMs'
  | 'pingEveryMs'
  | 'pingTimeoutMs'
  | 'startTimeoutMs'
  | 'closeMs'
  | 'backOff'
  | 'onChange';

/** The options with their defaults. */
export type CompleteOptions<W extends PoolWorker> = WorkerPoolOptions<W> &
  Required<Pick<WorkerPoolOptions<PoolWorker>, Defaulted>>;

export const DEFAULTS: Required<Pick<WorkerPoolOptions<PoolWorker>, Defaulted>> = {
  concurrency: 8,
  maxQueue: 256,
  maxWaitMs: 10_000,
  maxCallsPerWorker: Number.POSITIVE_INFINITY,
  idleMs: 60_000,
  pingEveryMs: 15_000,
  pingTimeoutMs: 5_000,
  startTimeoutMs: 75_000,
  closeMs: 5_000,
  backOff: { baseMs: 100, maxMs: 30_000, healthyAfterMs: 30_000 },
  onChange: () => {},
};

export interface WorkerPool<W extends PoolWorker> {
  /**
   * Runs `task` with the least busy worker. The signal that the task gets aborts with `signal` and when the
   * worker ends; a task that ignores it is not waited for.
   * @throws MeshError upstream_failed when the worker ends during the call; unavailable when too many wait, or for too
   *   long, or none can be started at present; what `start` threw; what `signal` was aborted with; what `task` throws.
   */
  withWorker<T>(task: (worker: W, signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  stats(): WorkerPoolStats;
  /** Returns the last failure while there is no worker. Undefined when there is one. */
  lastError(): MeshError | undefined;
  /** Lets running calls end for `closeMs`, then ends all workers, each within `closeMs`. */
  close(): Promise<void>;
}
