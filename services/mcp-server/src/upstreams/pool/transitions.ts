import { afterFailure, remainingMs } from './back-off.ts';
import {
  activeCalls,
  type Forgotten,
  isOpen,
  leastBusy,
  type Loss,
  membersOf,
  type Owner,
  type PoolState,
  type Transition,
} from './pool-state.ts';

// The parts that events of a pool are made of.

export function change(transition: Transition, changes: Partial<PoolState>): void {
  transition.state = { ...transition.state, ...changes };
}

export function changeClaim(transition: Transition, owner: Owner, to: 'waiting' | 'starting' | undefined): void {
  const claims = new Map(transition.state.claims);
  if (to === undefined) claims.delete(owner);
  else claims.set(owner, to);
  change(transition, { claims });
}

export function assign(transition: Transition, id: number): void {
  const { members, context } = transition;
  const member = members.get(id);
  if (member === undefined) return;
  const isShared = member.owner === undefined;
  const served = member.served + 1;
  const retiring = member.retiring || (isShared && served >= context.limits.maxCallsPerWorker);
  members.set(id, { ...member, active: member.active + 1, served, lastUsedAt: context.now, retiring });
  if (isShared && !transition.state.isInUse) change(transition, { isInUse: true });
}

/** Gives free places to those who wait, and grows if that is not enough. */
export function serve(transition: Transition): void {
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

/** Starts what is missing: for sessions that wait, and for all. */
export function grow(transition: Transition): void {
  if (transition.state.isClosing) return;
  growOwn(transition);
  growShared(transition);
}

/** Starts as many workers as are missing: half of the calls that one takes at a time are reason enough for one more. */
function growShared(transition: Transition): void {
  const { state, members, waiting, context } = transition;
  const { max, concurrency } = context.limits;
  const shared = membersOf('shared', members);
  const demand = Math.ceil((activeCalls(shared) + waiting) / Math.ceil(concurrency / 2));
  // One that is being pinged counts towards the minimum: as a rule it answers in a moment.
  const below = leastShared(transition) - shared.filter(({ retiring }) => !retiring).length;
  const wanted = Math.max(below, demand - shared.filter(isOpen).length) - state.starting;
  const room = max - shared.length - state.starting - state.ending;
  const missing = Math.min(wanted, room, startsAtOnce(transition));
  if (missing <= 0) return;
  if (isPausing(transition)) return;
  change(transition, { starting: state.starting + missing });
  for (let i = 0; i < missing; i += 1) transition.effects.push({ type: 'start', owner: undefined });
}

/** Returns how many workers for all are kept at present. */
export function leastShared({ state, context }: Transition): number {
  const { min, restMin } = context.limits;
  return state.isInUse ? min : Math.max(restMin, state.looking > 0 ? 1 : 0);
}

/** Returns how many may start now. What keeps failing is tried by one at a time; the first ever starts alone. */
function startsAtOnce({ state }: Transition): number {
  if (state.hasStarted && !state.backOff.isFailing) return Number.POSITIVE_INFINITY;
  return 1 - state.starting - ownStarting(state);
}

const ownStarting = ({ claims }: PoolState): number =>
  [...claims.values()].filter((phase) => phase === 'starting').length;

/** Returns whether a start has to wait, and sees to it that it is tried again then. */
function isPausing({ state, effects, context }: Transition): boolean {
  const afterMs = remainingMs(state.backOff, context.now);
  if (afterMs > 0) effects.push({ type: 'grow later', afterMs });
  return afterMs > 0;
}

/**
 * Finds a worker for each session that waits for one: one that nobody has used, or a new one. Where sessions have as many
 * as they may, the one that is idle for longest goes.
 */
function growOwn(transition: Transition): void {
  /** Sessions to which the place of a closing worker is promised. */
  let promised = 0;
  for (const [owner, phase] of transition.state.claims) {
    const { members, context, effects } = transition;
    if (phase === 'starting' || hasWorker(transition, owner)) continue;
    const { state } = transition;
    const taken = membersOf('own', members).length + ownStarting(state) + state.ownEnding;
    if (taken < context.limits.maxOwn) {
      if (adoptSpare(transition, owner)) continue;
      if (startsAtOnce(transition) <= 0 || isPausing(transition)) return;
      changeClaim(transition, owner, 'starting');
      effects.push({ type: 'start', owner });
    } else if (promised < state.ownEnding || giveUpIdle(transition)) promised += 1;
    else {
      changeClaim(transition, owner, undefined);
      effects.push({ type: 'refuse owner', owner, isFull: true });
    }
  }
}

/** Returns whether a session has a worker, which then may hang and is being pinged. */
const hasWorker = ({ members }: Transition, owner: Owner): boolean =>
  [...members.values()].some((member) => member.owner === owner && !member.retiring);

/** Gives a worker that nobody has used to a session. */
function adoptSpare(transition: Transition, owner: Owner): boolean {
  const { members } = transition;
  for (const [id, member] of members) {
    if (member.owner !== undefined || member.served > 0 || !isOpen(member)) continue;
    own(transition, id, owner);
    return true;
  }
  return false;
}

/** Makes a member the worker of a session that waits for one. */
export function own(transition: Transition, id: number, owner: Owner): void {
  const member = transition.members.get(id);
  if (member === undefined) return;
  transition.members.set(id, { ...member, owner, lastUsedAt: transition.context.now });
  changeClaim(transition, owner, undefined);
  transition.effects.push({ type: 'serve owner', id, owner });
}

/** Ends the worker of the session that is idle for longest. Returns false if all are at work. */
function giveUpIdle(transition: Transition): boolean {
  const { state, members, context } = transition;
  const idle = [...members].filter(
    ([, { owner, active, lastUsedAt }]) =>
      owner !== undefined && active === 0 && lastUsedAt < context.now && !state.claims.has(owner),
  );
  const [longest] = idle.toSorted(([, one], [, other]) => one.lastUsedAt - other.lastUsedAt);
  if (longest === undefined) return false;
  forget(transition, longest[0], { why: 'given up' });
  change(transition, { givenUp: state.givenUp + 1 });
  remove(transition, longest[0]);
  return true;
}

interface LossOfOwn {
  readonly why: Forgotten;
  readonly reason?: string;
}

/** Reports that the session of a member has lost it. */
export function forget({ members, effects }: Transition, id: number, loss: LossOfOwn): void {
  const owner = members.get(id)?.owner;
  if (owner !== undefined) effects.push({ type: 'forget', owner, why: loss.why, reason: loss.reason });
}

export function ping({ members, effects }: Transition, id: number): void {
  const member = members.get(id);
  if (member === undefined || member.pinging) return;
  members.set(id, { ...member, pinging: true });
  effects.push({ type: 'ping', id });
}

/** Fails the calls of a worker and no others, and closes it. After a pause another takes its place. */
export function lose(transition: Transition, id: number, loss: Loss): void {
  const { state, members, effects } = transition;
  const member = members.get(id);
  if (member === undefined) return;
  if (!state.isClosing) {
    if (member.owner === undefined) countFailure(transition);
    // Others need not wait for one session that crashes its worker again and again.
    else change(transition, { restarts: state.restarts + 1 });
    forget(transition, id, { why: 'ended', reason: loss.reason });
  }
  effects.push({ type: 'fail', id, calls: member.active, loss });
  end(transition, id);
}

export function countFailure(transition: Transition): void {
  const { state, context } = transition;
  const backOff = afterFailure(state.backOff, { ...context, times: context.limits.backOff });
  change(transition, { restarts: state.restarts + 1, backOff });
}

/** Closes a worker, and starts another if one is missing now. */
export function end(transition: Transition, id: number): void {
  remove(transition, id);
  grow(transition);
}

function remove(transition: Transition, id: number): void {
  const isOwn = transition.members.get(id)?.owner !== undefined;
  const { ending, ownEnding } = transition.state;
  transition.members.delete(id);
  change(transition, isOwn ? { ownEnding: ownEnding + 1 } : { ending: ending + 1 });
  transition.effects.push({ type: 'close', id, isOwn });
}
