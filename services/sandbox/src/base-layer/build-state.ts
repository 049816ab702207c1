/**
 * A service's build of the base layer. Pure: `nextBuildState` decides, `createBaseLayer` owns the process and the timer.
 */
export type BuildState =
  /** All sets are there. */
  | { readonly phase: 'complete' }
  /** Some are missing, and nobody builds them. */
  | { readonly phase: 'off' }
  | {
      readonly phase: 'building';
      readonly percent: number;
      readonly set: string | undefined;
      readonly failures: number;
    }
  /** The last try failed; another follows, unless it would fail the same way. */
  | {
      readonly phase: 'failed';
      readonly percent: number;
      readonly reason: string;
      readonly retryMs: number | undefined;
      readonly failures: number;
    };

export type BuildEvent =
  | { readonly type: 'start' | 'retry_due' }
  | { readonly type: 'progress'; readonly percent: number; readonly set: string | undefined }
  | { readonly type: 'failed'; readonly reason: string; readonly isLasting: boolean }
  /** The process has ended well, or all sets are there by another's work. */
  | { readonly type: 'complete' };

export type BuildEffect = { readonly type: 'spawn' } | { readonly type: 'wait'; readonly ms: number };

export interface BuildStep {
  readonly state: BuildState;
  readonly effects: readonly BuildEffect[];
}

const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 1_800_000;

/** Returns the state after `event` and what to do about it. `random` is from 0 to 1, so that services do not retry in step. */
export function nextBuildState(state: BuildState, event: BuildEvent, random: number): BuildStep {
  if (state.phase === 'complete') return { state, effects: [] };
  switch (event.type) {
    case 'start':
    case 'retry_due': {
      if (state.phase === 'building') return { state, effects: [] };
      const { percent = 0, failures = 0 } = state.phase === 'failed' ? state : {};
      return { state: { phase: 'building', percent, set: undefined, failures }, effects: [{ type: 'spawn' }] };
    }
    case 'progress':
      if (state.phase !== 'building') return { state, effects: [] };
      return { state: { ...state, percent: event.percent, set: event.set }, effects: [] };
    case 'failed':
      return fail(state, event, random);
    case 'complete':
      return { state: { phase: 'complete' }, effects: [] };
  }
}

function fail(
  state: BuildState,
  { reason, isLasting }: { readonly reason: string; readonly isLasting: boolean },
  random: number,
): BuildStep {
  if (state.phase !== 'building') return { state, effects: [] };
  const { percent, failures } = state;
  const most = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  const retryMs = isLasting ? undefined : Math.round(most * (0.5 + random / 2));
  return {
    state: { phase: 'failed', percent, reason, retryMs, failures: failures + 1 },
    effects: retryMs === undefined ? [] : [{ type: 'wait', ms: retryMs }],
  };
}
