import { AsyncLocalStorage } from 'node:async_hooks';
import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createWaitingQueue } from '@toolmesh/shared/kit/faults/waiting-queue';
import { type BackOffTimes, createBackOff } from './back-off.ts';
import { createPoolMember, type PoolMember } from './pool-member.ts';
import type { PoolWorker, WorkerPool, WorkerPoolOptions } from './worker-pool-options.ts';

export type { PoolWorker, WorkerPool, WorkerPoolOptions, WorkerPoolStats } from './worker-pool-options.ts';

const BACK_OFF: BackOffTimes = { baseMs: 100, maxMs: 30_000, healthyAfterMs: 30_000 };

/** Keeps workers: `min` to `max` of them, more while there is more to do, each replaced when it fails. */
export function createWorkerPool<W extends PoolWorker>(options: WorkerPoolOptions<W>): WorkerPool<W> {
  const { name, min, max, start, logger, concurrency = 8, maxQueue = 256, maxWaitMs = 10_000 } = options;
  const { maxCallsPerWorker = Number.POSITIVE_INFINITY, idleMs = 60_000, pingEveryMs = 15_000 } = options;
  const { pingTimeoutMs = 5_000, startTimeoutMs = 75_000, closeMs = 5_000, onChange = () => {} } = options;
  type Member = PoolMember<W>;
  const now = () => performance.now();
  const backOff = createBackOff({ ...(options.backOff ?? BACK_OFF), now, random: Math.random });
  const isBusy = (why: string) => () => new MeshError('unavailable', `${name} is busy: ${why}`);
  const queue = createWaitingQueue<Member>({
    maxLength: maxQueue,
    maxWaitMs,
    full: isBusy(`${maxQueue} calls are waiting already; try again later`),
    late: isBusy(`nothing came free within ${maxWaitMs} ms`),
  });
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
    const demand = Math.ceil((active() + queue.length) / Math.ceil(concurrency / 2));
    // One that is asked whether it is well counts as well: it answers in a moment, as a rule.
    const below = min - count(({ retiring }) => !retiring);
    const wanted = Math.max(below, demand - count(isOpen)) - starts.size;
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
      return await withDeadline({ signal: closing.signal, ms: startTimeoutMs, late }, begin);
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
    if (members.size === 0) queue.refuse(failure);
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
    const ending = withDeadline({ ms: closeMs, late }, () => closed)
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
    for (let free = leastBusy(); free !== undefined && queue.length > 0; free = leastBusy()) queue.serve(give(free));
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
      await withDeadline({ signal: closing.signal, ms: pingTimeoutMs, late }, (signal) => member.worker.ping(signal));
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
    const turn = queue.wait(signal);
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
      return { min, max, total: members.size, busy, idle: members.size - busy, restarts, queue_depth: queue.length };
    },
    lastError: () => (members.size === 0 ? failure : undefined),
    async close() {
      clearInterval(looks);
      clearTimeout(growTimer);
      const stopping = new MeshError('unavailable', `${name} is shutting down`);
      closing.abort(stopping);
      queue.refuse(stopping);
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
