import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  afterFailure,
  afterSuccess,
  type BackOffState,
  type BackOffTimes,
  NO_FAILURES,
  remainingMs,
} from './back-off.ts';

/** A worker of the pool, by its calls and its health. Times are milliseconds on the pool's clock. */
export interface MemberState {
  /** Calls that it has been given and that have not ended. */
  readonly active: number;
  /** Calls that it has been given in all. */
  readonly served: number;
  readonly lastUsedAt: number;
  /** The last time that it was known to be healthy. */
  readonly lastHeardAt: number;
  readonly pinging: boolean;
  /** A call on it was given up, so it may hang: it gets no calls until it has answered a ping. */
  readonly suspect: boolean;
  /** It gets no more calls and is closed after its last. */
  readonly retiring: boolean;
}

/** All that a pool decides by. */
export interface PoolState {
  readonly members: ReadonlyMap<number, MemberState>;
  readonly starting: number;
  /** Workers that are closing: they still take up memory, so the maximum counts them. */
  readonly ending: number;
  /** Workers that crashed, hung or did not start. */
  readonly restarts: number;
  readonly backOff: BackOffState;
  /** False after a failed start: a worker that cannot start is hopeless sooner than one that crashed later. */
  readonly didStart: boolean;
  readonly isClosing: boolean;
}

export const EMPTY_POOL: PoolState = {
  members: new Map(),
  starting: 0,
  ending: 0,
  restarts: 0,
  backOff: NO_FAILURES,
  didStart: true,
  isClosing: false,
};

/** The limits of a pool; see `WorkerPoolOptions`. */
export interface PoolLimits {
  readonly min: number;
  readonly max: number;
  readonly concurrency: number;
  readonly maxCallsPerWorker: number;
  readonly maxWaitMs: number;
  readonly idleMs: number;
  readonly pingEveryMs: number;
  readonly backOff: BackOffTimes;
}

/** The surroundings of an event. */
export interface PoolContext {
  readonly limits: PoolLimits;
  readonly now: number;
  /** 0 to 1. */
  readonly random: number;
  /** Callers in the queue. */
  readonly waiting: number;
}

/** The loss of a worker. */
export interface Loss {
  /** In words for an operator. */
  readonly reason: string;
  /** For the callers whose calls it ran. */
  readonly error: MeshError;
}

/** The things that the shell has to do after an event, in this order. */
export type PoolEffect =
  | { readonly type: 'start' }
  | { readonly type: 'grow later'; readonly afterMs: number }
  /** Give the member to the caller that has waited longest. */
  | { readonly type: 'serve'; readonly id: number }
  | { readonly type: 'ping'; readonly id: number }
  /** Fail all its calls. */
  | { readonly type: 'fail'; readonly id: number; readonly calls: number; readonly loss: Loss }
  | { readonly type: 'close'; readonly id: number }
  | { readonly type: 'refuse waiting' }
  /** The last call of a closing pool has ended. */
  | { readonly type: 'drained' };

interface Transition {
  state: PoolState;
  readonly members: Map<number, MemberState>;
  readonly effects: PoolEffect[];
  waiting: number;
  readonly context: PoolContext;
}

/** An event of a pool: made by the functions below, applied by {@link step}. */
export type PoolEvent = (transition: Transition) => void;

export interface PoolStep {
  readonly state: PoolState;
  readonly effects: readonly PoolEffect[];
}

/** Returns the state after an event and what is to be done. Changes nothing. */
export function step(state: PoolState, event: PoolEvent, context: PoolContext): PoolStep {
  const members = new Map(state.members);
  const transition: Transition = { state, members, effects: [], waiting: context.waiting, context };
  event(transition);
  return { state: { ...transition.state, members }, effects: transition.effects };
}

/** A call was assigned to a member. */
export const assigned =
  (id: number): PoolEvent =>
  (transition) => {
    assign(transition, id);
    grow(transition);
  };

/** A caller has joined the queue, a pause is over, or the pool was just made. */
export const demanded: PoolEvent = (transition) => grow(transition);

/** A start went well: the worker is ready for calls. */
export const started =
  (id: number): PoolEvent =>
  (transition) => {
    const { now } = transition.context;
    change(transition, { starting: transition.state.starting - 1 });
    transition.members.set(id, {
      active: 0,
      served: 0,
      lastUsedAt: now,
      lastHeardAt: now,
      pinging: false,
      suspect: false,
      retiring: false,
    });
    if (transition.state.isClosing) return end(transition, id);
    change(transition, { backOff: afterSuccess(transition.state.backOff, now), didStart: true });
    serve(transition);
  };

/** A start failed. `isEnding`: a worker that came too late is being closed. */
export const startFailed =
  ({ isEnding }: { readonly isEnding: boolean }): PoolEvent =>
  (transition) => {
    const { starting, ending } = transition.state;
    change(transition, { starting: starting - 1, ending: ending + (isEnding ? 1 : 0) });
    if (transition.state.isClosing) return;
    change(transition, { didStart: false });
    countFailure(transition);
    if (transition.members.size === 0) transition.effects.push({ type: 'refuse waiting' });
    serve(transition);
  };

/** A call has ended. `isGivenUp`: its caller left or it was late, so that its worker may hang. */
export const released =
  (id: number, { isGivenUp }: { readonly isGivenUp: boolean }): PoolEvent =>
  (transition) => {
    const { members, effects, context } = transition;
    const member = members.get(id);
    if (member !== undefined) {
      const suspect = member.suspect || isGivenUp;
      members.set(id, { ...member, active: member.active - 1, lastUsedAt: context.now, suspect });
      if (member.retiring && member.active === 1) end(transition, id);
      else if (suspect) ping(transition, id);
      serve(transition);
    }
    if (transition.state.isClosing && activeCalls(members) === 0) effects.push({ type: 'drained' });
  };

/** A member has answered a ping. */
export const pinged =
  (id: number): PoolEvent =>
  (transition) => {
    const member = transition.members.get(id);
    if (member === undefined) return;
    const lastHeardAt = transition.context.now;
    transition.members.set(id, { ...member, pinging: false, suspect: false, lastHeardAt });
    serve(transition);
  };

/** A member has not answered a ping. One at work may be too busy: it is pinged again when its calls have ended. */
export const pingFailed =
  (id: number, loss: Loss): PoolEvent =>
  (transition) => {
    const member = transition.members.get(id);
    if (member === undefined) return;
    transition.members.set(id, { ...member, pinging: false, suspect: member.active > 0 || member.suspect });
    if (member.active === 0 && !transition.state.isClosing) lose(transition, id, loss);
  };

/** A worker has ended by itself. */
export const ended =
  (id: number, loss: Loss): PoolEvent =>
  (transition) =>
    lose(transition, id, loss);

/** A worker that was being closed is gone, or was given up. */
export const closed: PoolEvent = (transition) => {
  change(transition, { ending: transition.state.ending - 1 });
  grow(transition);
};

/** Time has passed: ends workers that nobody needs, and pings those that have been silent. */
export const checked: PoolEvent = (transition) => {
  const { members, context } = transition;
  const { min, idleMs, pingEveryMs } = context.limits;
  let spare = members.size - min;
  for (const [id, member] of members) {
    if (member.active > 0 || member.retiring) continue;
    if (spare > 0 && context.now - member.lastUsedAt >= idleMs) {
      spare -= 1;
      end(transition, id);
    } else if (member.suspect || context.now - member.lastHeardAt >= pingEveryMs) ping(transition, id);
  }
};

/** The pool begins to close: calls that run may end. */
export const closing: PoolEvent = (transition) => {
  change(transition, { isClosing: true });
  if (activeCalls(transition.members) === 0) transition.effects.push({ type: 'drained' });
};

/** The pool ends: so do all its workers, with the calls that still run. */
export const stopped =
  (loss: Loss): PoolEvent =>
  (transition) => {
    for (const id of transition.members.keys()) lose(transition, id, loss);
  };

/** Returns the member that has least to do; of equals the one used last, so that the others may be let go. */
export function leastBusy(members: ReadonlyMap<number, MemberState>, concurrency: number): number | undefined {
  let best: readonly [number, MemberState] | undefined;
  for (const entry of members) {
    const [, member] = entry;
    if (!isOpen(member) || member.active >= concurrency) continue;
    if (best === undefined || isBefore(member, best[1])) best = entry;
  }
  return best?.[0];
}

const isBefore = (one: MemberState, other: MemberState): boolean =>
  one.active === other.active ? one.lastUsedAt > other.lastUsedAt : one.active < other.active;

/** Returns the time after which to try again, if waiting makes no sense: none runs and none will be tried soon. */
export function hopelessForMs(
  state: PoolState,
  { limits, now }: Pick<PoolContext, 'limits' | 'now'>,
): number | undefined {
  if (state.members.size + state.starting > 0 || !state.backOff.isFailing) return undefined;
  const pauseMs = remainingMs(state.backOff, now);
  return state.didStart && pauseMs <= limits.maxWaitMs ? undefined : pauseMs;
}

/** Returns the calls that all members run. */
export const activeCalls = (members: ReadonlyMap<number, MemberState>): number =>
  [...members.values()].reduce((sum, { active }) => sum + active, 0);

const isOpen = ({ suspect, retiring }: MemberState): boolean => !suspect && !retiring;

function change(transition: Transition, changes: Partial<PoolState>): void {
  transition.state = { ...transition.state, ...changes };
}

function assign({ members, context }: Transition, id: number): void {
  const member = members.get(id);
  if (member === undefined) return;
  const served = member.served + 1;
  const retiring = member.retiring || served >= context.limits.maxCallsPerWorker;
  members.set(id, { ...member, active: member.active + 1, served, lastUsedAt: context.now, retiring });
}

/** Gives free places to those who wait, and grows if that is not enough. */
function serve(transition: Transition): void {
  const { members, effects, context } = transition;
  while (transition.waiting > 0) {
    const id = leastBusy(members, context.limits.concurrency);
    if (id === undefined) break;
    assign(transition, id);
    effects.push({ type: 'serve', id });
    transition.waiting -= 1;
  }
  grow(transition);
}

/** Starts as many workers as are missing: half of the calls that one takes at a time are reason enough for one more. */
function grow(transition: Transition): void {
  const { state, members, effects, waiting, context } = transition;
  if (state.isClosing) return;
  const { min, max, concurrency } = context.limits;
  const demand = Math.ceil((activeCalls(members) + waiting) / Math.ceil(concurrency / 2));
  const count = (test: (member: MemberState) => boolean): number => [...members.values()].filter(test).length;
  // One that is being pinged counts towards the minimum: as a rule it answers in a moment.
  const below = min - count(({ retiring }) => !retiring);
  const wanted = Math.max(below, demand - count(isOpen)) - state.starting;
  const room = max - members.size - state.starting - state.ending;
  // What keeps failing is tried by one at a time.
  const missing = Math.min(wanted, room, state.backOff.isFailing ? 1 - state.starting : max);
  if (missing <= 0) return;
  const afterMs = remainingMs(state.backOff, context.now);
  if (afterMs > 0) return void effects.push({ type: 'grow later', afterMs });
  change(transition, { starting: state.starting + missing });
  for (let i = 0; i < missing; i += 1) effects.push({ type: 'start' });
}

function ping({ members, effects }: Transition, id: number): void {
  const member = members.get(id);
  if (member === undefined || member.pinging) return;
  members.set(id, { ...member, pinging: true });
  effects.push({ type: 'ping', id });
}

/** Fails the calls of a worker and no others, and closes it. After a pause another takes its place. */
function lose(transition: Transition, id: number, loss: Loss): void {
  const member = transition.members.get(id);
  if (member === undefined) return;
  if (!transition.state.isClosing) countFailure(transition);
  transition.effects.push({ type: 'fail', id, calls: member.active, loss });
  end(transition, id);
}

function countFailure(transition: Transition): void {
  const { state, context } = transition;
  const backOff = afterFailure(state.backOff, { ...context, times: context.limits.backOff });
  change(transition, { restarts: state.restarts + 1, backOff });
}

function end(transition: Transition, id: number): void {
  transition.members.delete(id);
  change(transition, { ending: transition.state.ending + 1 });
  transition.effects.push({ type: 'close', id });
  grow(transition);
}
