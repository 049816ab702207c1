import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import type { Health } from './health.ts';

/** The outcome of a check: a sign of life, or that only the lists can tell. */
export type CheckOutcome = 'alive' | 'unsure';

export interface PollRequestOptions {
  /** Names the upstream in errors. */
  readonly displayName: string;
  /** Requests the lists. Returns undefined if the upstream is healthy but has no answer at present. */
  readonly poll: (signal: AbortSignal) => Promise<ReadOffer | undefined>;
  /** Asks for a sign of life, which costs less than the lists. */
  readonly check?: (signal: AbortSignal) => Promise<CheckOutcome>;
  /** Returns true while calls are under way: one that keeps the upstream busy is no outage. */
  readonly isBusy?: () => boolean;
  /** Time limit of one request for the lists: that of the upstream's slowest calls. */
  readonly timeoutMs: number;
}

/** Returns what it asked for when it has ended. Never rejects. */
export type PollRequest = (signal: AbortSignal) => Promise<'listed' | 'checked'>;

/** Time limit of a check. */
const CHECK_TIMEOUT_MS = 5_000;
/** The shortest time limit of a request for lists that have been answered before. */
const LIST_TIMEOUT_MS = 10_000;
/** The time that lists may take when they have taken some time before. */
const SLOWER = 4;
/** Polls that fail before one gets all the time that calls have: a server may have become slow. */
const QUICK_POLLS = 3;
/** Time after which a first poll says that it waits. */
const SLOW_MS = 3_000;

/** Returns the two requests of a poller. Neither rejects: what they find out is the health. */
export function createPollRequests(
  { displayName, poll, check, isBusy, timeoutMs }: PollRequestOptions,
  health: Health,
): { readonly list: PollRequest; readonly check: PollRequest } {
  const late = (ms: number) => () => new MeshError('upstream_timeout', `${displayName} did not answer within ${ms} ms`);
  let tookMs: number | undefined;
  const limitMs = (): number => {
    if (tookMs === undefined || (health.failure?.attempts ?? 0) >= QUICK_POLLS) return timeoutMs;
    return Math.min(timeoutMs, Math.max(LIST_TIMEOUT_MS, SLOWER * tookMs));
  };
  const list: PollRequest = async (ended) => {
    const ms = limitMs();
    const started = performance.now();
    const slow = setTimeout(() => {
      health.waiting(`${displayName} has not answered yet; the hub waits on`);
    }, SLOW_MS).unref();
    try {
      const offer = await withDeadline({ signal: ended, ms, late: late(ms) }, poll);
      if (offer === undefined || ended.aborted) return 'listed';
      tookMs = performance.now() - started;
      health.succeeded(offer);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      // One that has had too many requests answers, and its lists are as they were.
      const isLimited = error.code === 'rate_limited' && health.status === 'up';
      if (!ended.aborted && !isLimited) health.failed(error);
    } finally {
      clearTimeout(slow);
    }
    return 'listed';
  };
  return {
    list,
    async check(ended) {
      if (check === undefined) return list(ended);
      const lateCheck = late(CHECK_TIMEOUT_MS);
      const timedOut = lateCheck();
      try {
        const outcome = await withDeadline({ signal: ended, ms: CHECK_TIMEOUT_MS, late: () => timedOut }, check);
        return outcome === 'alive' ? 'checked' : await list(ended);
      } catch (error) {
        if (ended.aborted) return 'checked';
        // Some servers answer nothing else than lists and calls.
        if (error !== timedOut) return list(ended);
        if (isBusy?.() !== true) health.failed(timedOut);
        return 'checked';
      }
    },
  };
}
