import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { type BackOffState, type BackOffTimes, NO_FAILURES, remainingMs } from './back-off.ts';

/** A session that has a worker of its own, known by identity. */
export type Owner = object;

/** A worker of the pool, by its calls and its health. Times are milliseconds on the pool's clock. */
export interface MemberState {
  /** The session whose calls it alone gets. Undefined: it serves everybody, or nobody yet. */
  readonly owner: Owner | undefined;
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
  /** Starts of workers that serve everybody. */
  readonly starting: number;
  /** Workers that served everybody and are closing: they still take up memory, so the maximum counts them. */
  readonly ending: number;
  /** Sessions whose calls wait for a worker, which may be starting. */
  readonly claims: ReadonlyMap<Owner, 'waiting' | 'starting'>;
  /** Workers of sessions that are closing. */
  readonly ownEnding: number;
  /** Workers of sessions that had to go for those of others. */
  readonly givenUp: number;
  /** Workers that crashed, hung or did not start. */
  readonly restarts: number;
  readonly backOff: BackOffState;
  /** False after a failed start: a worker that cannot start is hopeless sooner than one that crashed later. */
  readonly didStart: boolean;
  /** True once one has started: until then they start one by one, as the first may have packages to download. */
  readonly hasStarted: boolean;
  /** True from a call without a session until there was none for long: `min` workers are kept, else `restMin`. */
  readonly isInUse: boolean;
  /** Polls of the lists that wait for a first worker. */
  readonly looking: number;
  readonly isClosing: boolean;
}

export const EMPTY_POOL: PoolState = {
  members: new Map(),
  starting: 0,
  ending: 0,
  claims: new Map(),
  ownEnding: 0,
  givenUp: 0,
  restarts: 0,
  backOff: NO_FAILURES,
  didStart: true,
  hasStarted: false,
  isInUse: false,
  looking: 0,
  isClosing: false,
};

/** The limits of a pool; see `WorkerPoolOptions`. */
export interface PoolLimits {
  readonly min: number;
  readonly restMin: number;
  readonly max: number;
  readonly concurrency: number;
  readonly maxCallsPerWorker: number;
  readonly maxWaitMs: number;
  readonly idleMs: number;
  readonly restAfterMs: number;
  readonly maxOwn: number;
  readonly ownIdleMs: number;
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

/** The reason for a session's loss of its worker: it ended by itself, was idle for long, or had to go for another. */
export type Forgotten = 'ended' | 'idle' | 'given up';

/** The things that the shell has to do after an event, in this order. */
export type PoolEffect =
  /** `owner`: for this session alone. */
  | { readonly type: 'start'; readonly owner: Owner | undefined }
  | { readonly type: 'grow later'; readonly afterMs: number }
  /** Give the member to the caller that has waited longest. */
  | { readonly type: 'serve'; readonly id: number }
  /** Give the member to all callers of its session that wait. */
  | { readonly type: 'serve owner'; readonly id: number; readonly owner: Owner }
  | { readonly type: 'ping'; readonly id: number }
  /** Fail all its calls. */
  | { readonly type: 'fail'; readonly id: number; readonly calls: number; readonly loss: Loss }
  | { readonly type: 'close'; readonly id: number; readonly isOwn: boolean }
  /** The session has lost its worker, and what that kept. */
  | { readonly type: 'forget'; readonly owner: Owner; readonly why: Forgotten; readonly reason: string | undefined }
  | { readonly type: 'refuse waiting' }
  /** Refuse the callers of a session. `full`: all workers of sessions are at work; else its start failed. */
  | { readonly type: 'refuse owner'; readonly owner: Owner; readonly isFull: boolean }
  /** The last call of a closing pool has ended. */
  | { readonly type: 'drained' };

export interface Transition {
  state: PoolState;
  readonly members: Map<number, MemberState>;
  readonly effects: PoolEffect[];
  waiting: number;
  readonly context: PoolContext;
}

/** An event of a pool: made by the functions of `pool-events.ts`, applied by {@link step}. */
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

/** Returns the member that has least to do; of equals the one used last, so that the others may be let go. */
export function leastBusy(members: ReadonlyMap<number, MemberState>, concurrency: number): number | undefined {
  let best: readonly [number, MemberState] | undefined;
  for (const entry of members) {
    const [, member] = entry;
    if (member.owner !== undefined || !isOpen(member) || member.active >= concurrency) continue;
    if (best === undefined || isBefore(member, best[1])) best = entry;
  }
  return best?.[0];
}

const isBefore = (one: MemberState, other: MemberState): boolean =>
  one.active === other.active ? one.lastUsedAt > other.lastUsedAt : one.active < other.active;

/** Returns the worker of a session. Undefined while it has none, or its own may hang. */
export function ownedBy(owner: Owner, members: ReadonlyMap<number, MemberState>): number | undefined {
  for (const [id, member] of members) if (member.owner === owner && isOpen(member)) return id;
  return undefined;
}

/** Returns the members that serve everybody, or those of sessions. */
export const membersOf = (kind: 'shared' | 'own', members: ReadonlyMap<number, MemberState>): readonly MemberState[] =>
  [...members.values()].filter(({ owner }) => (owner === undefined) === (kind === 'shared'));

/** Returns the time after which to try again, if waiting makes no sense: none runs and none will be tried soon. */
export function hopelessForMs(
  state: PoolState,
  { limits, now }: Pick<PoolContext, 'limits' | 'now'>,
  kind: 'shared' | 'own' = 'shared',
): number | undefined {
  const isHopeful = kind === 'shared' && membersOf('shared', state.members).length + state.starting > 0;
  if (isHopeful || !state.backOff.isFailing) return undefined;
  const pauseMs = remainingMs(state.backOff, now);
  return (state.didStart || pauseMs === 0) && pauseMs <= limits.maxWaitMs ? undefined : pauseMs;
}

/** Returns the calls that these members run. */
export const activeCalls = (members: Iterable<MemberState>): number =>
  [...members].reduce((sum, { active }) => sum + active, 0);

export const isOpen = ({ suspect, retiring }: MemberState): boolean => !suspect && !retiring;
