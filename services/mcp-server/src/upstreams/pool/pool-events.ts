import { afterSuccess } from './back-off.ts';
import { activeCalls, type Loss, membersOf, type Owner, type PoolEvent, type Transition } from './pool-state.ts';
import {
  assign,
  change,
  changeClaim,
  countFailure,
  end,
  forget,
  grow,
  leastShared,
  lose,
  own,
  ping,
  serve,
} from './transitions.ts';

/** A call was assigned to a member. */
export const assigned =
  (id: number): PoolEvent =>
  (transition) => {
    assign(transition, id);
    grow(transition);
  };

/** A caller has joined the queue, a pause is over, or the pool was just made. */
export const demanded: PoolEvent = (transition) => grow(transition);

/** A call of a session has to wait for the session's worker. */
export const claimed =
  (owner: Owner): PoolEvent =>
  (transition) => {
    if (!transition.state.claims.has(owner)) changeClaim(transition, owner, 'waiting');
    grow(transition);
  };

/** A session is over: so is its worker, once its last call has ended. */
export const ownerGone =
  (owner: Owner): PoolEvent =>
  (transition) => {
    const { members } = transition;
    // One that is starting for it finds no claim any more, and is closed.
    changeClaim(transition, owner, undefined);
    for (const [id, member] of members) {
      if (member.owner !== owner) continue;
      members.set(id, { ...member, retiring: true });
      if (member.active === 0) end(transition, id);
    }
  };

/** A poll of the lists waits for a worker (1), or does so no more (-1). */
export const looked =
  (by: 1 | -1): PoolEvent =>
  (transition) => {
    change(transition, { looking: transition.state.looking + by });
    if (by === 1) grow(transition);
  };

/** A start went well: the worker is ready for calls, those of `owner` if it was started for one. */
export const started =
  (id: number, owner?: Owner): PoolEvent =>
  (transition) => {
    const { state, context, members } = transition;
    const { now } = context;
    const isWanted = owner === undefined || state.claims.has(owner);
    if (owner === undefined) change(transition, { starting: state.starting - 1 });
    members.set(id, {
      owner,
      active: 0,
      served: 0,
      lastUsedAt: now,
      lastHeardAt: now,
      pinging: false,
      suspect: false,
      retiring: false,
    });
    if (state.isClosing || !isWanted) return end(transition, id);
    change(transition, { backOff: afterSuccess(state.backOff, now), didStart: true, hasStarted: true });
    if (owner !== undefined) own(transition, id, owner);
    serve(transition);
  };

export interface FailedStart {
  /** True if a worker that came too late is being closed. */
  readonly isEnding: boolean;
  /** The session that it was started for. */
  readonly owner?: Owner | undefined;
}

/** A start failed. */
export const startFailed =
  ({ isEnding, owner }: FailedStart): PoolEvent =>
  (transition) => {
    const { starting, ending, ownEnding, isClosing } = transition.state;
    const more = isEnding ? 1 : 0;
    if (owner === undefined) change(transition, { starting: starting - 1, ending: ending + more });
    else {
      changeClaim(transition, owner, undefined);
      change(transition, { ownEnding: ownEnding + more });
      transition.effects.push({ type: 'refuse owner', owner, isFull: false });
    }
    if (isClosing) return;
    change(transition, { didStart: false });
    countFailure(transition);
    if (membersOf('shared', transition.members).length === 0) transition.effects.push({ type: 'refuse waiting' });
    serve(transition);
  };

export interface Release {
  /** True if the caller left or the call was late, so that the worker may hang. */
  readonly isGivenUp: boolean;
}

/** A call has ended. */
export const released =
  (id: number, { isGivenUp }: Release): PoolEvent =>
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
    if (transition.state.isClosing && activeCalls(members.values()) === 0) effects.push({ type: 'drained' });
  };

/** A poll of the lists on a member was given up: the member may hang. */
export const doubted =
  (id: number): PoolEvent =>
  (transition) => {
    const member = transition.members.get(id);
    if (member === undefined) return;
    transition.members.set(id, { ...member, suspect: true });
    ping(transition, id);
  };

/** A member has answered a ping. */
export const pinged =
  (id: number): PoolEvent =>
  (transition) => {
    const member = transition.members.get(id);
    if (member === undefined) return;
    const { owner } = member;
    const lastHeardAt = transition.context.now;
    transition.members.set(id, { ...member, pinging: false, suspect: false, lastHeardAt });
    if (owner !== undefined && transition.state.claims.get(owner) === 'waiting') own(transition, id, owner);
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
export const closed =
  ({ isOwn }: { readonly isOwn: boolean }): PoolEvent =>
  (transition) => {
    const { ending, ownEnding } = transition.state;
    change(transition, isOwn ? { ownEnding: ownEnding - 1 } : { ending: ending - 1 });
    grow(transition);
  };

/** Time has passed: ends workers that nobody needs, and pings those that have been silent. */
export const checked: PoolEvent = (transition) => {
  const { members, context } = transition;
  const { idleMs, ownIdleMs, pingEveryMs } = context.limits;
  rest(transition);
  let spare = membersOf('shared', members).length - leastShared(transition);
  for (const [id, member] of members) {
    if (member.active > 0 || member.retiring) continue;
    const isOwn = member.owner !== undefined;
    const isIdle = context.now - member.lastUsedAt >= (isOwn ? ownIdleMs : idleMs);
    if (isIdle && (isOwn || spare > 0)) {
      if (isOwn) forget(transition, id, { why: 'idle' });
      else spare -= 1;
      end(transition, id);
    } else if (member.suspect || context.now - member.lastHeardAt >= pingEveryMs) ping(transition, id);
  }
};

/** Lets the pool rest when nobody without a session has called it for long. */
function rest(transition: Transition): void {
  const { state, members, context } = transition;
  const shared = membersOf('shared', members);
  const lastUsedAt = Math.max(...shared.map((member) => member.lastUsedAt));
  if (!state.isInUse || activeCalls(shared) > 0 || context.now - lastUsedAt < context.limits.restAfterMs) return;
  change(transition, { isInUse: false });
}

/** The pool begins to close: calls that run may end. */
export const closing: PoolEvent = (transition) => {
  change(transition, { isClosing: true });
  if (activeCalls(transition.members.values()) === 0) transition.effects.push({ type: 'drained' });
};

/** The pool ends: so do all its workers, with the calls that still run. */
export const stopped =
  (loss: Loss): PoolEvent =>
  (transition) => {
    for (const id of transition.members.keys()) lose(transition, id, loss);
  };
