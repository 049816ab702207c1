/** In milliseconds. */
export interface BackOffTimes {
  /** The pause after the first failure; each further one doubles it. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Health of this length resets the count of failures. */
  readonly healthyAfterMs: number;
}

/** The failures so far, and when the next try may be. Times are milliseconds on a clock that never goes back. */
export interface BackOffState {
  readonly failures: number;
  readonly notBefore: number;
  readonly healthySince: number | undefined;
  /** True until the first success after a failure. */
  readonly isFailing: boolean;
}

export const NO_FAILURES: BackOffState = {
  failures: 0,
  notBefore: Number.NEGATIVE_INFINITY,
  healthySince: undefined,
  isFailing: false,
};

export interface BackOffContext {
  readonly times: BackOffTimes;
  readonly now: number;
  /** 0 to 1. */
  readonly random: number;
}

/** Returns the state after a failure: pauses double, with jitter, so that many pools do not try again together. */
export function afterFailure(state: BackOffState, { times, now, random }: BackOffContext): BackOffState {
  // Many that fail together are one failure: nothing was tried in between.
  if (state.notBefore > now) return { ...state, isFailing: true };
  const { healthySince } = state;
  const wasHealthy = healthySince !== undefined && now - healthySince >= times.healthyAfterMs;
  const failures = (wasHealthy ? 0 : state.failures) + 1;
  const fullMs = Math.min(times.maxMs, times.baseMs * 2 ** (failures - 1));
  return { failures, notBefore: now + fullMs * (0.5 + random / 2), healthySince: undefined, isFailing: true };
}

/** Returns the state after a success. */
export const afterSuccess = (state: BackOffState, now: number): BackOffState => ({
  ...state,
  healthySince: state.healthySince ?? now,
  isFailing: false,
});

/** Returns the milliseconds until the next try; 0 if it may be now. */
export const remainingMs = ({ notBefore }: BackOffState, now: number): number => Math.max(0, notBefore - now);
