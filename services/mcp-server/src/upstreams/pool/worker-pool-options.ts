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
  /** Workers that are kept from the first call without a session on, and as long as there are such calls. */
  readonly min: number;
  /** Workers that are kept while there are none: one knows the lists. Default: `min`. */
  readonly restMin?: number;
  /** Workers at the same time: starting, serving and ending ones together, without those of sessions. */
  readonly max: number;
  /** Workers of sessions, each of which serves one session alone. Default 16. */
  readonly maxOwn?: number;
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
  /** Time without calls after which `restMin` workers are kept instead of `min`. Default 600 000. */
  readonly restAfterMs?: number;
  /** Idle time after which the worker of a session is closed. Default 1 800 000. */
  readonly ownIdleMs?: number;
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
  /** Returns a start that is under way, in words for callers that wait for it: "starting since 12 s: ...". */
  readonly starting?: () => string | undefined;
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
  /** Workers that serve one session alone, besides `total`. */
  readonly sessions: number;
  /** Sessions that have lost their worker to another session. */
  readonly sessions_given_up: number;
}

type Defaulted =
  | 'maxOwn'
  | 'restAfterMs'
  | 'ownIdleMs'
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
  | 'starting'
  | 'onChange';

/** The options with their defaults. */
export type CompleteOptions<W extends PoolWorker> = WorkerPoolOptions<W> &
  Required<Pick<WorkerPoolOptions<PoolWorker>, Defaulted | 'restMin'>>;

export const DEFAULTS: Required<Pick<WorkerPoolOptions<PoolWorker>, Defaulted>> = {
  concurrency: 8,
  maxQueue: 256,
  maxWaitMs: 10_000,
  maxCallsPerWorker: Number.POSITIVE_INFINITY,
  maxOwn: 16,
  restAfterMs: 600_000,
  ownIdleMs: 1_800_000,
  idleMs: 60_000,
  pingEveryMs: 15_000,
  pingTimeoutMs: 5_000,
  startTimeoutMs: 75_000,
  closeMs: 5_000,
  backOff: { baseMs: 100, maxMs: 30_000, healthyAfterMs: 30_000 },
  starting: () => undefined,
  onChange: () => {},
};

/** The limits of a call of a session. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** Longest wait for a worker that is starting. Default: the pool's `maxWaitMs`. */
  readonly waitMs?: number | undefined;
}

/** A session that may have a worker of its own. */
export interface WorkerSession {
  /** Aborts when the session ends. */
  readonly ended: AbortSignal;
}

/** The loss of the worker of a session, with all that it kept. */
export interface StateLoss {
  /** In words for the session's user. */
  readonly reason: string;
  /** Call this once the session has been told. */
  readonly told: () => void;
}

export interface WorkerPool<W extends PoolWorker> {
  /**
   * Runs `task` with the least busy worker. The signal that the task gets aborts with `signal` and when the
   * worker ends; a task that ignores it is not waited for. `waitMs`: longest wait for a first worker that is starting.
   * @throws MeshError upstream_failed when the worker ends during the call; unavailable when too many wait, or for too
   *   long, or none can be started at present; what `start` threw; what `signal` was aborted with; what `task` throws.
   */
  withWorker<T>(task: (worker: W, signal: AbortSignal) => Promise<T>, signal: AbortSignal, waitMs?: number): Promise<T>;
  /**
   * Runs `task` with the worker of a session, which serves nobody else and is never used again after it. It is made at
   * the session's first call.
   * @throws as `withWorker`; unavailable if sessions have as many workers as they may, and all are at work.
   */
  withOwnWorker<T>(
    session: WorkerSession,
    task: (worker: W, signal: AbortSignal) => Promise<T>,
    options: CallOptions,
  ): Promise<T>;
  /** Returns the loss that a session was not told of yet: its next worker knows nothing of what came before. */
  lossOf(session: WorkerSession): StateLoss | undefined;
  /**
   * Runs `task` beside the calls of a worker without a session, which does not count as a call. Returns undefined if there is
   * none to be had without starting a further one, or if it is at work and does not answer.
   */
  look<T>(task: (worker: W, signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined>;
  stats(): WorkerPoolStats;
  /** Returns the last failure while there is no worker. Undefined when there is one. */
  lastError(): MeshError | undefined;
  /** Lets running calls end for `closeMs`, then ends all workers, each within `closeMs`. */
  close(): Promise<void>;
}
