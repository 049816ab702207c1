import { AsyncLocalStorage } from 'node:async_hooks';
import { withDeadline } from '@toolmesh/shared/deadline';
import { MeshError } from '@toolmesh/shared/errors';
import type { Logger } from '@toolmesh/shared/logger';
import { type BackOffTimes, createBackOff } from './back-off.ts';
import { createPoolMember, type PoolMember } from './pool-member.ts';
import { createWaitingLine } from './waiting-line.ts';

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
  /** Default 30 000. */
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

const BACK_OFF: BackOffTimes = { baseMs: 100, maxMs: 30_000, healthyAfterMs: 30_000 };

/** Keeps workers: `min` to `max` of them, more while there is more to do, each replaced when it fails. */
export function createWorkerPool<W extends PoolWorker>(options: WorkerPoolOptions<W>): WorkerPool<W> {
  const { name, min, max, start, logger, concurrency = 8, maxQueue = 256, maxWaitMs = 10_000 } = options;
  const { maxCallsPerWorker = Number.POSITIVE_INFINITY, idleMs = 60_000, pingEveryMs = 15_000 } = options;
  const { pingTimeoutMs = 5_000, startTimeoutMs = 30_000, closeMs = 5_000, onChange = () => {} } = options;
  type Member = PoolMember<W>;
  const now = () => performance.now();
  const backOff = createBackOff({ ...(options.backOff ?? BACK_OFF), now, random: Math.random });
  const line = createWaitingLine<Member>({ name, maxLength: maxQueue, maxWaitMs });
  const members = new Set<Member>();
  const starts = new Set<Promise<void>>();
  const endings = new Set<Promise<void>>();
  const closing = new AbortController();
  // A worker outlives the request that made the pool grow: its log lines must not carry that request's ids.
  const outside = AsyncLocalStorage.snapshot();
  let restarts = 0;
  let failure: MeshError | undefined;
  let growTimer: NodeJS.Timeout | undefined;
  /** Whether the last start went well: what crashes later is tried again sooner than what cannot start. */
  let didStart = true;
  const drained = Promise.withResolvers<void>();

  const count = (test: (member: Member) => boolean): number => [...members].filter(test).length;
  const isOpen = ({ suspect, retiring }: Member): boolean => !suspect && !retiring;
  const active = (): number => [...members].reduce((sum, member) => sum + member.active, 0);

  /** Starts what is missing: half of the calls that a worker takes at a time are reason enough for one more. */
  const grow = (): void => {
    if (closing.signal.aborted) return;
    const demand = Math.ceil((active() + line.length) / Math.ceil(concurrency / 2));
    const wanted = Math.min(max, Math.max(min, demand)) - count(isOpen) - starts.size;
    const room = max - members.size - starts.size - endings.size;
    // What keeps failing is tried by one at a time.
    const missing = Math.min(wanted, room, backOff.isFailing ? 1 - starts.size : max);
    if (missing <= 0) return;
    clearTimeout(growTimer);
    if (backOff.remainingMs > 0) growTimer = setTimeout(grow, backOff.remainingMs);
    else for (let i = 0; i < missing; i += 1) outside(add);
  };

  const add = (): void => {
    const started = startInTime()
      .then(join, (error: unknown) => {
        if (!closing.signal.aborted) startFailed(error);
      })
      .finally(() => {
        starts.delete(started);
        onChange();
        serve();
      });
    starts.add(started);
  };

  const join = (worker: W): void => {
    const member = createPoolMember(worker, now());
    members.add(member);
    void worker.gone.then((reason) => lose(member, `ended: ${reason.message}`, reason));
    backOff.succeeded();
    failure = undefined;
    didStart = true;
  };

  const startInTime = async (): Promise<W> => {
    const late = () => new MeshError('upstream_timeout', `${name} was not ready within ${startTimeoutMs} ms`);
    let begun: Promise<W> | undefined;
    const begin = (signal: AbortSignal): Promise<W> => {
      begun = start(signal);
      return begun;
    };
    try {
      return await withDeadline(closing.signal, startTimeoutMs, late, begin);
    } catch (error) {
      // One that comes too late is not kept.
      if (begun !== undefined) watchEnding(begun.then((worker) => worker.close()).catch(() => {}));
      throw error;
    }
  };

  const startFailed = (cause: unknown): void => {
    const unknown = () => new MeshError('upstream_failed', `${name} cannot be started`, { cause });
    failure = cause instanceof MeshError ? cause : unknown();
    didStart = false;
    restarts += 1;
    backOff.failed();
    logger.error({ err: failure, pool: name, retryInMs: Math.round(backOff.remainingMs) }, 'a worker did not start');
    if (members.size === 0) line.refuse(failure);
  };

  /** One that failed: its calls fail and no others, and after a pause another takes its place. */
  const lose = (member: Member, how: string, cause: unknown): void => {
    if (!members.has(member)) return;
    failure = new MeshError('upstream_failed', `The process of ${name} that ran the call ${how}`, { cause });
    if (!closing.signal.aborted) {
      restarts += 1;
      backOff.failed();
      logger.warn({ pool: name, calls: member.active, reason: how }, 'a worker was lost');
    }
    member.fail(failure);
    end(member);
  };

  const end = (member: Member): void => {
    members.delete(member);
    watchEnding(member.worker.close());
    onChange();
    grow();
  };

  /** What is still ending takes up memory: the maximum counts it, for a while. */
  const watchEnding = (closed: Promise<void>): void => {
    const late = () => new Error(`it did not end within ${closeMs} ms`);
    const ending = withDeadline(new AbortController().signal, closeMs, late, () => closed)
      .catch((error: unknown) => logger.warn({ err: error, pool: name }, 'a worker did not close'))
      .finally(() => {
        endings.delete(ending);
        grow();
      });
    endings.add(ending);
  };

  /** The worker that has least to do; of equals the one used last, so that the others may be let go. */
  const leastBusy = (): Member | undefined => {
    const free = [...members].filter((member) => isOpen(member) && member.active < concurrency);
    const [first, ...others] = free;
    if (first === undefined) return undefined;
    return others.reduce((best, member) => {
      if (member.active !== best.active) return member.active < best.active ? member : best;
      return member.lastUsedAt > best.lastUsedAt ? member : best;
    }, first);
  };

  const give = (member: Member): Member => {
    member.active += 1;
    member.served += 1;
    member.lastUsedAt = now();
    if (member.served >= maxCallsPerWorker) member.retiring = true;
    return member;
  };

  /** Gives free places to those who wait, and grows if that is not enough. */
  const serve = (): void => {
    for (let free = leastBusy(); free !== undefined && line.length > 0; free = leastBusy()) line.serve(give(free));
    grow();
  };

  const release = (member: Member, isGivenUp: boolean): void => {
    member.active -= 1;
    member.lastUsedAt = now();
    if (closing.signal.aborted && active() === 0) drained.resolve();
    if (!members.has(member)) return;
    if (isGivenUp) member.suspect = true;
    if (member.retiring && member.active === 0) end(member);
    else if (member.suspect) void ping(member);
    serve();
  };

  const ping = async (member: Member): Promise<void> => {
    if (member.pinging) return;
    member.pinging = true;
    const late = () => new Error(`no answer to a ping within ${pingTimeoutMs} ms`);
    try {
      await withDeadline(closing.signal, pingTimeoutMs, late, (signal) => member.worker.ping(signal));
      member.lastHeardAt = now();
      member.suspect = false;
      serve();
    } catch (error) {
      if (closing.signal.aborted) return;
      // One that is at work may be too busy to answer: it is asked again when it has nothing else to do.
      if (member.active > 0) member.suspect = true;
      else lose(member, `gave ${Error.isError(error) ? error.message : 'no answer'}`, error);
    } finally {
      member.pinging = false;
    }
  };

  const lookAfter = (): void => {
    let spare = members.size - min;
    for (const member of members) {
      if (member.active > 0 || member.retiring) continue;
      if (spare > 0 && now() - member.lastUsedAt >= idleMs) {
        spare -= 1;
        end(member);
      } else if (member.suspect || now() - member.lastHeardAt >= pingEveryMs) void ping(member);
    }
  };
  const looks = setInterval(lookAfter, Math.max(10, Math.min(idleMs, pingEveryMs) / 4));

  /** To wait makes no sense while none runs and none will be tried soon. */
  const refuseIfHopeless = (): void => {
    if (closing.signal.aborted) throw new MeshError('unavailable', `${name} is shutting down`);
    if (members.size + starts.size > 0 || !backOff.isFailing) return;
    const { remainingMs } = backOff;
    if (didStart && remainingMs <= maxWaitMs) return;
    throw new MeshError('unavailable', `${name} does not run and is tried again later: ${failure?.message}`, {
      cause: failure,
      retryAfterSeconds: Math.max(1, Math.ceil(remainingMs / 1_000)),
    });
  };

  const waitForTurn = (signal: AbortSignal): Promise<Member> => {
    const turn = line.wait(signal);
    grow();
    return turn;
  };

  grow();
  return {
    async withWorker(task, signal) {
      signal.throwIfAborted();
      refuseIfHopeless();
      const free = leastBusy();
      const member = free === undefined ? await waitForTurn(signal) : give(free);
      grow();
      let isGivenUp = true;
      try {
        const result = await member.run(task, signal);
        isGivenUp = false;
        return result;
      } catch (error) {
        isGivenUp = signal.aborted || (error instanceof MeshError && error.code === 'upstream_timeout');
        throw error;
      } finally {
        release(member, isGivenUp);
      }
    },
    stats: () => {
      const busy = count((member) => member.active > 0);
      return { min, max, total: members.size, busy, idle: members.size - busy, restarts, queue_depth: line.length };
    },
    lastError: () => (members.size === 0 ? failure : undefined),
    async close() {
      clearInterval(looks);
      clearTimeout(growTimer);
      const stopping = new MeshError('unavailable', `${name} is shutting down`);
      closing.abort(stopping);
      line.refuse(stopping);
      if (active() > 0) {
        const timer = setTimeout(drained.resolve, closeMs);
        await drained.promise;
        clearTimeout(timer);
      }
      for (const member of members) {
        member.fail(stopping);
        end(member);
      }
      await Promise.all(starts);
      await Promise.all(endings);
    },
  };
}
