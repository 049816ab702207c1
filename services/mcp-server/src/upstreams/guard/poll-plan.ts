import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';

/** Intervals of a poller, in milliseconds. */
export interface PollIntervals {
  /** Between signs of life while the upstream is up. Undefined: its lists are the only sign. */
  readonly checkMs: number | undefined;
  /** Between requests for the lists while it is up. */
  readonly listMs: number;
  /** The shortest pause while it is not up. */
  readonly downMs: number;
}

/** The state that decides when an upstream is polled, and for what. Times are those of one clock, in milliseconds. */
export interface PollState {
  readonly status: UpstreamStatus;
  readonly now: number;
  /** Time since when it has not been up. */
  readonly downSince: number;
  /** Time of the last request for the lists that was answered. */
  readonly listedAt: number;
}

/** A poll for a sign of life, or for the lists. */
export interface NextPoll {
  readonly kind: 'check' | 'list';
  readonly inMs: number;
}

/** The longest pause while an upstream is not up: a call tries it at once. */
const MAX_DOWN_MS = 30_000;
/** The part of the time for which an upstream has been away that passes until it is tried again. */
const DOWN_SHARE = 1 / 4;

/**
 * Returns the next poll. An upstream that has just gone is tried often, one that has been away for long rarely: it is
 * noticed to be back within a quarter of the time that it was away.
 */
export function nextPoll({ status, now, downSince, listedAt }: PollState, intervals: PollIntervals): NextPoll {
  const { checkMs, listMs, downMs } = intervals;
  if (status !== 'up') {
    const inMs = Math.min(Math.max((now - downSince) * DOWN_SHARE, downMs), Math.max(MAX_DOWN_MS, downMs));
    return { kind: 'list', inMs };
  }
  const untilList = Math.max(0, listedAt + listMs - now);
  if (checkMs === undefined || untilList <= checkMs) return { kind: 'list', inMs: untilList };
  return { kind: 'check', inMs: checkMs };
}
