import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import fc from 'fast-check';
import {
  emptyPool,
  lacksOf,
  nextPoolState,
  type PoolEvent,
  type PoolState,
  warmOf,
} from '../src/workers/pool-state.ts';

type Worker = string;

const pool = (part: Partial<PoolState<Worker>> = {}): PoolState<Worker> => ({ ...emptyPool<Worker>(1), ...part });
const step = (state: PoolState<Worker>, event: PoolEvent<Worker>, waiting = 0) => nextPoolState(state, event, waiting);
const broken = new MeshError('unavailable', 'A worker did not start');
const starts = (count: number) => Array.from({ length: count }, () => ({ type: 'start' }));

describe('the state of a worker pool', () => {
  test('warms up one worker at a time, while it has fewer than its minimum', () => {
    const first = step(pool({ min: 2 }), { type: 'warm_up' });
    expect(first).toMatchObject({ state: { starting: 1 }, effects: starts(1) });
    const second = step(first.state, { type: 'warm_up' });
    expect(second).toMatchObject({ state: { starting: 2 }, effects: starts(1) });
    expect(step(second.state, { type: 'warm_up' }).effects).toEqual([]);
  });

  test('starts a worker for each caller that waits, and none twice', () => {
    expect(step(pool(), { type: 'requested' }, 1).effects).toEqual(starts(1));
    expect(step(pool({ starting: 1 }), { type: 'requested' }, 1).effects).toEqual([]);
    expect(step(pool({ starting: 1 }), { type: 'requested' }, 3).effects).toEqual(starts(2));
  });

  test('ends an idle worker that is out of date, and none that a caller has', () => {
    const state = pool({ idle: ['a', 'b'], busy: new Set(['c']) });
    expect(step(state, { type: 'retired', worker: 'a' })).toMatchObject({
      state: { idle: ['b'] },
      effects: [{ type: 'kill', worker: 'a' }],
    });
    expect(step(state, { type: 'retired', worker: 'c' }).effects).toEqual([]);
  });

  test('counts workers that start as warm only where no caller waits for them', () => {
    const state = pool({ min: 3, idle: ['a'], starting: 2 });
    expect([warmOf(state, 0), lacksOf(state, 0)]).toEqual([3, 0]);
    expect([warmOf(state, 1), lacksOf(state, 1)]).toEqual([2, 1]);
  });

  test('serves a caller from the idle workers, the oldest first', () => {
    const { state, effects } = step(pool({ idle: ['a', 'b'] }), { type: 'requested' }, 1);
    expect(state).toMatchObject({ idle: ['b'], busy: new Set(['a']) });
    expect(effects).toEqual([{ type: 'serve', worker: 'a' }]);
  });

  test('gives up its oldest idle worker where the place is needed elsewhere', () => {
    expect(step(pool({ idle: ['a', 'b'] }), { type: 'shed' })).toMatchObject({
      state: { idle: ['b'] },
      effects: [{ type: 'kill', worker: 'a' }],
    });
    expect(step(pool({ busy: new Set(['a']) }), { type: 'shed' }).effects).toEqual([]);
  });

  test('gives a new worker to a caller that waits', () => {
    const { state, effects } = step(pool({ starting: 2 }), { type: 'started', worker: 'a' }, 2);
    expect(state).toMatchObject({ idle: [], busy: new Set(['a']), starting: 1 });
    expect(effects).toEqual([{ type: 'serve', worker: 'a' }]);
  });

  test('keeps a new worker that nobody waits for, and looks later whether it was one too many', () => {
    const { state, effects } = step(pool({ starting: 1 }), { type: 'started', worker: 'a' });
    expect(state).toMatchObject({ idle: ['a'], starting: 0 });
    expect(effects).toEqual([{ type: 'wait', ms: 30_000, event: 'idle_due' }]);
    expect(step(state, { type: 'idle_due' }).effects).toEqual([]);
    expect(step(pool({ idle: ['a', 'b'] }), { type: 'idle_due' })).toMatchObject({
      state: { idle: ['b'] },
      effects: [{ type: 'kill', worker: 'a' }],
    });
  });

  test('counts a killed worker until its process is gone', () => {
    const full = pool({ busy: new Set(['a']), idle: ['b'] });
    expect(step(full, { type: 'gone', worker: 'a' }).state).toMatchObject({ busy: new Set(), idle: ['b'] });
    expect(step(full, { type: 'gone', worker: 'b' }).state).toMatchObject({ busy: new Set(['a']), idle: [] });
    expect(step(full, { type: 'gone', worker: 'c' }).state).toEqual(full);
  });

  test('forgets a worker that its caller keeps', () => {
    expect(step(pool({ busy: new Set(['a']) }), { type: 'taken', worker: 'a' }).state.busy.size).toBe(0);
  });

  test('refuses all callers when a worker does not start, and tries again after a pause only', () => {
    const failed = step(pool({ starting: 1 }), { type: 'start_failed', error: broken }, 2);
    expect(failed.effects).toEqual([
      { type: 'refuse', error: broken },
      { type: 'wait', ms: 1_000, event: 'retry_due' },
    ]);
    expect(step(failed.state, { type: 'warm_up' }).effects).toEqual([]);
    expect(step(failed.state, { type: 'retry_due' }, 1)).toMatchObject({
      state: { failure: undefined },
      effects: starts(1),
    });
  });

  test('kills every worker when it is closed, and those that come later', () => {
    const closed = step(pool({ idle: ['a'], busy: new Set(['b']), starting: 1 }), { type: 'closed' });
    expect(closed.effects.map((effect) => ('worker' in effect ? effect.worker : effect.type))).toEqual(['a', 'b']);
    expect(step(closed.state, { type: 'started', worker: 'c' }).effects).toEqual([{ type: 'kill', worker: 'c' }]);
    expect(step(closed.state, { type: 'warm_up' }).effects).toEqual([]);
  });

  test('never starts more than its minimum and its callers ask for, whatever happens in whatever order', () => {
    const moves = fc.array(
      fc.constantFrom('ask', 'leave', 'start', 'fail', 'end', 'take', 'warm', 'retry', 'idle', 'shed'),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), moves, (min, order) => {
        let state = emptyPool<Worker>(min);
        let waiting = 0;
        for (const [index, move] of order.entries()) {
          if (move === 'ask') waiting += 1;
          if (move === 'leave') waiting = Math.max(0, waiting - 1);
          const event = eventOf(move, state, `w${index}`);
          if (event === undefined) continue;
          const next = nextPoolState(state, event, waiting);
          state = next.state;
          if (next.effects.some(({ type }) => type === 'refuse')) waiting = 0;
          waiting -= next.effects.filter(({ type }) => type === 'serve').length;
          const hasStarted = next.effects.some(({ type }) => type === 'start');
          expect(hasStarted && state.idle.length + state.starting > min + waiting).toBe(false);
          expect(waiting).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});

/** Translates a move into an event; undefined where it cannot happen. */
function eventOf(move: string, { idle, busy, starting }: PoolState<Worker>, made: Worker) {
  const [worker = 'none'] = [...busy, ...idle];
  const events: Record<string, PoolEvent<Worker> | undefined> = {
    ask: { type: 'requested' },
    start: starting > 0 ? { type: 'started', worker: made } : undefined,
    fail: starting > 0 ? { type: 'start_failed', error: broken } : undefined,
    end: { type: 'gone', worker },
    take: { type: 'taken', worker },
    warm: { type: 'warm_up' },
    retry: { type: 'retry_due' },
    idle: { type: 'idle_due' },
    shed: { type: 'shed' },
  };
  return events[move];
}
