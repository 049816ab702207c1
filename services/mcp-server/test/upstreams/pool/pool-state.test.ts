import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  assigned,
  checked,
  closed,
  closing,
  demanded,
  EMPTY_POOL,
  ended,
  hopelessForMs,
  type Loss,
  pinged,
  pingFailed,
  type PoolContext,
  type PoolEvent,
  type PoolLimits,
  released,
  started,
  startFailed,
  step,
  stopped,
} from '../../../src/upstreams/pool/pool-state.ts';

const LIMITS: PoolLimits = {
  min: 1,
  max: 3,
  concurrency: 2,
  maxCallsPerWorker: Number.POSITIVE_INFINITY,
  maxWaitMs: 1_000,
  idleMs: 100,
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

const START = { type: 'start' };

describe('growth', () => {
  test('starts the minimum when it is made, and no more', () => {
    const pool = poolOf({ min: 2 });
    expect(pool.apply(demanded)).toEqual([START, START]);
    expect(pool.apply(demanded)).toEqual([]);
    expect(pool.state.starting).toBe(2);
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
    expect(pool.apply(closed)).toEqual([START]);
  });

  test('gives those who wait the free places of a new worker', () => {
    const pool = poolOf();
    pool.context.waiting = 3;
    pool.apply(demanded);
    expect(pool.apply(started(1))).toEqual([
      { type: 'serve', id: 1 },
      { type: 'serve', id: 1 },
    ]);
    expect(pool.state.members.get(1)).toMatchObject({ active: 2, served: 2 });
  });
});

describe('a worker', () => {
  test('is closed after the calls that it may serve, once the last has ended', () => {
    const pool = poolOf({ maxCallsPerWorker: 1 });
    pool.apply(demanded, started(1));
    expect(pool.apply(assigned(1))).toEqual([START]);
    expect(pool.state.members.get(1)).toMatchObject({ retiring: true });
    expect(pool.apply(released(1, DONE))).toEqual([{ type: 'close', id: 1 }]);
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
      { type: 'close', id: 1 },
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
    expect(pool.apply(checked)).toEqual([{ type: 'close', id: 1 }]);
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

describe('failures', () => {
  test('are followed by pauses that double, and by one try at a time', () => {
    const pool = poolOf({ min: 3 });
    expect(pool.apply(demanded)).toHaveLength(3);
    const failed = startFailed({ isEnding: false });
    expect(pool.apply(failed)).toEqual([{ type: 'refuse waiting' }]);
    expect(pool.apply(failed, failed)).toEqual([{ type: 'refuse waiting' }, { type: 'grow later', afterMs: 100 }]);
    pool.context.now = 100;
    expect(pool.apply(demanded)).toEqual([START]);
    expect(pool.apply(failed)).toContainEqual({ type: 'grow later', afterMs: 200 });
    expect(pool.state.restarts).toBe(4);
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
    const pool = poolOf({ min: 2 });
    pool.apply(demanded, started(1), assigned(1));
    expect(pool.apply(closing)).toEqual([]);
    expect(pool.apply(started(2))).toEqual([{ type: 'close', id: 2 }]);
    expect(pool.apply(released(1, DONE))).toEqual([{ type: 'drained' }]);
    expect(pool.apply(stopped(LOSS))).toEqual([
      { type: 'fail', id: 1, calls: 0, loss: LOSS },
      { type: 'close', id: 1 },
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
