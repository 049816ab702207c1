import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  assigned,
  checked,
  claimed,
  closed,
  closing,
  demanded,
  ended,
  looked,
  ownerGone,
  pinged,
  pingFailed,
  released,
  started,
  startFailed,
  stopped,
} from '../../../src/upstreams/pool/pool-events.ts';
import {
  EMPTY_POOL,
  hopelessForMs,
  type Loss,
  type PoolContext,
  type PoolEvent,
  type PoolLimits,
  step,
} from '../../../src/upstreams/pool/pool-state.ts';

const LIMITS: PoolLimits = {
  min: 1,
  restMin: 1,
  max: 3,
  maxOwn: 2,
  concurrency: 2,
  maxCallsPerWorker: Number.POSITIVE_INFINITY,
  maxWaitMs: 1_000,
  idleMs: 100,
  restAfterMs: 5_000,
  ownIdleMs: 10_000,
  pingEveryMs: 1_000,
  backOff: { baseMs: 100, maxMs: 10_000, healthyAfterMs: 60_000 },
};
const LOSS: Loss = { reason: 'ended', error: new MeshError('upstream_failed', 'lost') };
const GIVEN_UP = { isGivenUp: true };
const DONE = { isGivenUp: false };

/** A pool on a clock of its own, whose jitter is the longest. */
function poolOf(changes: Partial<PoolLimits> = {}) {
  const context: { -readonly [Key in keyof PoolContext]: PoolContext[Key] } = {
    limits: { ...LIMITS, ...changes },
    now: 0,
    random: 1,
    waiting: 0,
  };
  let state = EMPTY_POOL;
  return {
    context,
    get state() {
      return state;
    },
    /** Applies events; returns the effects of the last one. */
    apply(...events: readonly PoolEvent[]) {
      let effects: readonly object[] = [];
      for (const event of events) ({ state, effects } = step(state, event, context));
      return effects;
    },
  };
}

const START = { type: 'start', owner: undefined };
const CLOSED = closed({ isOwn: false });

describe('growth', () => {
  test('starts the first worker alone and the rest of the minimum after it, and no more', () => {
    const pool = poolOf({ min: 3, restMin: 3 });
    expect(pool.apply(demanded)).toEqual([START]);
    expect(pool.apply(demanded)).toEqual([]);
    expect(pool.apply(started(1))).toEqual([START, START]);
    expect(pool.apply(demanded)).toEqual([]);
  });

  test('keeps one worker until the first call, the minimum from then on, and one again after a long rest', () => {
    const pool = poolOf({ min: 2 });
    expect(pool.apply(demanded, started(1))).toEqual([]);
    expect(pool.apply(assigned(1))).toEqual([START]);
    pool.apply(started(2), released(1, DONE));
    pool.context.now = 4_999;
    expect(pool.apply(checked)).not.toContainEqual(expect.objectContaining({ type: 'close' }));
    pool.context.now = 5_000;
    expect(pool.apply(checked)).toContainEqual({ type: 'close', id: 1, isOwn: false });
    expect(pool.state.members.size).toBe(1);
  });

  test('of a pool that rests without workers is one for a poll of the lists, and none after it', () => {
    const pool = poolOf({ min: 0, restMin: 0 });
    expect(pool.apply(demanded)).toEqual([]);
    expect(pool.apply(looked(1))).toEqual([START]);
    expect(pool.apply(started(1), looked(-1))).toEqual([]);
    pool.context.now = 100;
    expect(pool.apply(checked)).toEqual([{ type: 'close', id: 1, isOwn: false }]);
  });

  test('follows the calls up to the maximum, closing workers included', () => {
    const pool = poolOf();
    pool.apply(demanded, started(1));
    pool.context.waiting = 9;
    expect(pool.apply(assigned(1))).toEqual([START, START]);
    pool.apply(started(2), ended(2, LOSS));
    expect(pool.state).toMatchObject({ starting: 1, ending: 1 });
    pool.context.now = 1_000;
    pool.apply(started(3));
    expect(pool.apply(demanded)).toEqual([]);
    expect(pool.apply(CLOSED)).toEqual([START]);
  });

  test('gives those who wait the free places of a new worker', () => {
    const pool = poolOf();
    pool.context.waiting = 3;
    pool.apply(demanded);
    expect(pool.apply(started(1))).toEqual([{ type: 'serve', id: 1 }, { type: 'serve', id: 1 }, START, START]);
    expect(pool.state.members.get(1)).toMatchObject({ active: 2, served: 2 });
  });
});

describe('a worker', () => {
  test('is closed after the calls that it may serve, once the last has ended', () => {
    const pool = poolOf({ maxCallsPerWorker: 1 });
    pool.apply(demanded, started(1));
    expect(pool.apply(assigned(1))).toEqual([START]);
    expect(pool.state.members.get(1)).toMatchObject({ retiring: true });
    expect(pool.apply(released(1, DONE))).toEqual([{ type: 'close', id: 1, isOwn: false }]);
    expect(pool.state.restarts).toBe(0);
  });

  test('gets no call after one was given up, until it has answered a ping', () => {
    const pool = poolOf({ max: 1 });
    pool.apply(demanded, started(1), assigned(1));
    pool.context.waiting = 1;
    expect(pool.apply(released(1, GIVEN_UP))).toEqual([{ type: 'ping', id: 1 }]);
    expect(pool.apply(pinged(1))).toEqual([{ type: 'serve', id: 1 }]);
  });

  test('that does not answer a ping is lost when it is idle, and pinged again later when it is not', () => {
    const pool = poolOf({ max: 1 });
    pool.apply(demanded, started(1), assigned(1), assigned(1), released(1, GIVEN_UP));
    expect(pool.apply(pingFailed(1, LOSS))).toEqual([]);
    expect(pool.apply(released(1, DONE))).toEqual([{ type: 'ping', id: 1 }]);
    expect(pool.apply(pingFailed(1, LOSS))).toEqual([
      { type: 'fail', id: 1, calls: 0, loss: LOSS },
      { type: 'close', id: 1, isOwn: false },
    ]);
    expect(pool.state).toMatchObject({ restarts: 1, ending: 1 });
  });

  test('above the minimum is closed when it is idle; others are pinged now and then', () => {
    const pool = poolOf();
    pool.apply(demanded);
    pool.context.waiting = 3;
    pool.apply(demanded, started(1), started(2));
    pool.context.waiting = 0;
    for (const id of [1, 1, 2, 2]) pool.apply(released(id, DONE));
    pool.context.now = 100;
    expect(pool.apply(checked)).toEqual([{ type: 'close', id: 1, isOwn: false }]);
    pool.context.now = 1_000;
    expect(pool.apply(checked)).toEqual([{ type: 'ping', id: 2 }]);
    expect(pool.apply(checked)).toEqual([]);
  });

  test('that is gone already changes nothing any more', () => {
    const pool = poolOf();
    pool.apply(demanded, started(1), assigned(1), ended(1, LOSS));
    const before = pool.state;
    expect(pool.apply(ended(1, LOSS), pinged(1), pingFailed(1, LOSS), released(1, DONE))).toEqual([]);
    expect(pool.state).toEqual(before);
  });
});

const SESSIONS = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
const [A = {}, B = {}, C = {}] = SESSIONS;

/** A pool with a spare worker, whose sessions a and b have the workers 1 and 3. */
function poolOfTwo() {
  const pool = poolOf({ max: 1 });
  pool.apply(demanded, started(1), claimed(A), started(2), assigned(1), released(1, DONE));
  pool.apply(claimed(B), started(3), assigned(2), released(2, DONE));
  pool.context.now = 1;
  return pool;
}

describe('the worker of a session', () => {
  test('is a spare one, which is replaced, or a new one; nobody else gets it', () => {
    const pool = poolOf({ max: 1 });
    expect(pool.apply(demanded, started(1), claimed(A))).toEqual([{ type: 'serve owner', id: 1, owner: A }, START]);
    pool.apply(assigned(1));
    expect(pool.apply(claimed(B))).toEqual([{ type: 'start', owner: B }]);
    expect(pool.apply(started(2, B))).toEqual([{ type: 'serve owner', id: 2, owner: B }]);
    pool.context.waiting = 1;
    expect(pool.apply(demanded)).toEqual([]);
    expect(pool.apply(started(3))).toEqual([{ type: 'serve', id: 3 }]);
    // One that has served somebody is no spare one any more.
    expect(pool.state.isInUse).toBe(true);
  });

  test('goes for that of another session when there are as many as may be: the one idle for longest', () => {
    const pool = poolOfTwo();
    const effects = pool.apply(claimed(C));
    expect(effects).toEqual([
      { type: 'forget', owner: A, why: 'given up', reason: undefined },
      { type: 'close', id: 1, isOwn: true },
    ]);
    // It takes up memory until it is gone.
    expect(pool.apply(closed({ isOwn: true }))).toEqual([{ type: 'serve owner', id: 3, owner: C }, START]);
  });

  test('is not to be had while all others are at work', () => {
    const pool = poolOfTwo();
    pool.apply(assigned(1), assigned(2));
    expect(pool.apply(claimed(C))).toEqual([{ type: 'refuse owner', owner: C, isFull: true }]);
    pool.apply(released(2, DONE));
    pool.context.now = 2;
    expect(pool.apply(claimed(C))).toContainEqual(expect.objectContaining({ type: 'forget', owner: B }));
  });

  test('that crashes is told of, and replaced at the next call without a pause for anybody', () => {
    const pool = poolOfTwo();
    pool.apply(assigned(1));
    expect(pool.apply(ended(1, LOSS))).toEqual([
      { type: 'forget', owner: A, why: 'ended', reason: 'ended' },
      { type: 'fail', id: 1, calls: 1, loss: LOSS },
      { type: 'close', id: 1, isOwn: true },
    ]);
    pool.apply(closed({ isOwn: true }));
    expect(pool.apply(claimed(A))).toEqual([{ type: 'serve owner', id: 3, owner: A }, START]);
    expect(pool.state).toMatchObject({ restarts: 1, backOff: { isFailing: false } });
  });

  test('gets no call after one was given up, until it has answered a ping; else the session gets another', () => {
    const pool = poolOfTwo();
    pool.apply(assigned(1), released(1, GIVEN_UP));
    expect(pool.apply(claimed(A))).toEqual([]);
    expect(pool.apply(pinged(1))).toEqual([{ type: 'serve owner', id: 1, owner: A }]);
    pool.apply(assigned(1), released(1, GIVEN_UP), claimed(A));
    pool.apply(pingFailed(1, LOSS));
    expect(pool.apply(closed({ isOwn: true }))).toEqual([{ type: 'serve owner', id: 3, owner: A }, START]);
  });

  test('ends with its session, after its last call, and when it was idle for long', () => {
    const pool = poolOfTwo();
    pool.apply(assigned(1));
    expect(pool.apply(ownerGone(A))).toEqual([]);
    expect(pool.apply(released(1, DONE))).toEqual([{ type: 'close', id: 1, isOwn: true }]);
    pool.context.now = 10_001;
    expect(pool.apply(checked)).toContainEqual({ type: 'forget', owner: B, why: 'idle', reason: undefined });
    const isOwn = true;
    pool.apply(closed({ isOwn }), closed({ isOwn }));
    expect(pool.apply(claimed(C), ownerGone(C))).toEqual([{ type: 'close', id: 3, isOwn: true }]);
  });

  test('that cannot be started refuses the calls of its session, and no others', () => {
    const pool = poolOf({ restMin: 0, min: 0 });
    expect(pool.apply(demanded, claimed(A))).toEqual([{ type: 'start', owner: A }]);
    pool.apply(claimed(B));
    expect(pool.apply(startFailed({ isEnding: false, owner: A }))).toEqual([
      { type: 'refuse owner', owner: A, isFull: false },
      { type: 'refuse waiting' },
      { type: 'grow later', afterMs: 100 },
    ]);
    expect(hopelessForMs(pool.state, pool.context, 'own')).toBe(100);
    pool.context.now = 100;
    expect(pool.apply(demanded)).toEqual([{ type: 'start', owner: B }]);
  });
});

describe('failures', () => {
  test('are followed by pauses that double, and by one try at a time', () => {
    const pool = poolOf({ min: 3, restMin: 3 });
    pool.apply(demanded);
    const failed = startFailed({ isEnding: false });
    expect(pool.apply(failed)).toEqual([{ type: 'refuse waiting' }, { type: 'grow later', afterMs: 100 }]);
    pool.context.now = 100;
    expect(pool.apply(demanded)).toEqual([START]);
    expect(pool.apply(failed)).toContainEqual({ type: 'grow later', afterMs: 200 });
    expect(pool.state.restarts).toBe(2);
  });

  test('make waiting hopeless when nothing can be started, and not when a worker crashed a moment ago', () => {
    const pool = poolOf();
    pool.apply(demanded, startFailed({ isEnding: false }));
    expect(hopelessForMs(pool.state, pool.context)).toBe(100);
    pool.context.now = 100;
    pool.apply(demanded);
    expect(hopelessForMs(pool.state, pool.context)).toBeUndefined();
    pool.apply(started(1), ended(1, LOSS));
    expect(hopelessForMs(pool.state, pool.context)).toBeUndefined();
  });
});

describe('closing', () => {
  test('waits for the last call and starts nothing', () => {
    const pool = poolOf({ min: 2, restMin: 2 });
    pool.apply(demanded, started(1), assigned(1));
    expect(pool.apply(closing)).toEqual([]);
    expect(pool.apply(started(2))).toEqual([{ type: 'close', id: 2, isOwn: false }]);
    expect(pool.apply(released(1, DONE))).toEqual([{ type: 'drained' }]);
    expect(pool.apply(stopped(LOSS))).toEqual([
      { type: 'fail', id: 1, calls: 0, loss: LOSS },
      { type: 'close', id: 1, isOwn: false },
    ]);
    expect(pool.state).toMatchObject({ restarts: 0, ending: 2 });
  });

  test('of a pool without calls is over at once', () => {
    expect(poolOf().apply(demanded, started(1), closing)).toEqual([{ type: 'drained' }]);
  });
});

test('an event changes no state but the one that it returns', () => {
  const { state } = step(EMPTY_POOL, demanded, { limits: LIMITS, now: 0, random: 0, waiting: 0 });
  step(state, started(1), { limits: LIMITS, now: 0, random: 0, waiting: 0 });
  expect(state.members.size).toBe(0);
  expect(EMPTY_POOL).toMatchObject({ starting: 0, restarts: 0 });
});
