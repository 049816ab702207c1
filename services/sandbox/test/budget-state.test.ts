import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type BudgetEffect,
  type BudgetEvent,
  type BudgetState,
  emptyBudget,
  nextBudgetState,
  sessionBytes,
} from '../src/workers/budget-state.ts';

/** Applies events one after the other; returns the last state and all effects as text: `grant 1`. */
function play(state: BudgetState, ...events: readonly BudgetEvent[]) {
  const effects: BudgetEffect[] = [];
  for (const event of events) {
    const step = nextBudgetState(state, event);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects: effects.map(({ type, id }) => `${type} ${id}`) };
}
const ask = (id: number, bytes = 1): BudgetEvent => ({ type: 'requested', id, bytes });
const end = (id: number): BudgetEvent => ({ type: 'ended', id });
const rest = (id: number, bytes: number, isWanted = false): BudgetEvent => ({ type: 'rested', id, bytes, isWanted });
const leave = (id: number): BudgetEvent => ({ type: 'withdrawn', id });

describe('the budget of programs and memory', () => {
  test('lets no more programs run than it has places, in the order of their arrival', () => {
    const full = play(emptyBudget(2, 100), ask(1), ask(2), ask(3), ask(4));
    expect(full.effects).toEqual(['grant 1', 'grant 2']);
    expect(play(full.state, leave(3), end(1), end(2)).effects).toEqual(['grant 4']);
  });

  test('lets no more memory be used than it has, and nobody overtake who waits for it', () => {
    const full = play(emptyBudget(9, 10), ask(1, 6), ask(2, 6), ask(3, 1));
    expect(full.effects).toEqual(['grant 1']);
    expect(play(full.state, end(1)).effects).toEqual(['grant 2', 'grant 3']);
  });

  test('gives the place of a session back between its calls, and counts the memory that it keeps', () => {
    const resting = play(emptyBudget(1, 10), ask(1, 8), rest(1, 3));
    expect(sessionBytes(resting.state)).toBe(3);
    expect(play(resting.state, ask(2, 7), ask(3, 1)).effects).toEqual(['grant 2']);
    expect(play(resting.state, ask(1, 10)).effects).toEqual(['grant 1']);
  });

  test('evicts the sessions that have rested longest, as many as are needed, and waits until they have ended', () => {
    const resting = play(emptyBudget(9, 10), ask(1), rest(1, 3), ask(2), rest(2, 3), ask(3), rest(3, 3));
    const evicting = play(resting.state, ask(4, 6));
    expect(evicting.effects).toEqual(['evict 1', 'evict 2']);
    expect(play(evicting.state, ask(5, 1), end(1)).effects).toEqual([]);
    expect(play(evicting.state, ask(5, 1), end(1), end(2)).effects).toEqual(['grant 4', 'grant 5']);
  });

  test('evicts no session in vain, and none that calls wait for', () => {
    const busy = play(emptyBudget(9, 10), ask(1, 8), ask(2), rest(2, 1));
    expect(play(busy.state, ask(3, 5)).effects).toEqual([]);
    const wanted = play(emptyBudget(9, 10), ask(1), rest(1, 8, true));
    expect(play(wanted.state, ask(2, 5)).effects).toEqual([]);
    expect(play(wanted.state, ask(2, 5), rest(1, 8)).effects).toEqual(['evict 1']);
  });

  test('keeps the memory of a session whose caller left the line', () => {
    const waiting = play(emptyBudget(9, 10), ask(1), rest(1, 4), ask(2, 6), ask(1, 8), leave(1));
    expect(sessionBytes(waiting.state)).toBe(4);
    expect(waiting.state.resting.has(1)).toBe(true);
  });

  test('never exceeds its places or its memory, and ends empty, whatever happens in whatever order', () => {
    const moves = fc.array(
      fc.record({
        move: fc.constantFrom('ask', 'ask', 'leave', 'rest', 'end'),
        id: fc.integer({ min: 1, max: 6 }),
        bytes: fc.integer({ min: 0, max: 10 }),
        isWanted: fc.boolean(),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), moves, (places, order) => {
        let state = emptyBudget(places, 10);
        for (const { move, id, bytes, isWanted } of order) {
          const event = eventOf(move, state, { id, bytes, isWanted });
          if (event === undefined) continue;
          state = nextBudgetState(state, event).state;
          const running = [...state.running.values()].reduce((sum, own) => sum + own, 0);
          expect(state.running.size).toBeLessThanOrEqual(places);
          expect(running + sessionBytes(state)).toBeLessThanOrEqual(10);
        }
        for (let id = 1; id <= 6; id += 1) state = nextBudgetState(state, end(id)).state;
        expect(state).toEqual(emptyBudget(places, 10));
      }),
    );
  });
});

interface Move {
  readonly id: number;
  readonly bytes: number;
  readonly isWanted: boolean;
}

/** Translates a move into an event; undefined where it cannot happen. A session keeps no more than its program had. */
function eventOf(move: string, state: BudgetState, { id, bytes, isWanted }: Move): BudgetEvent | undefined {
  const isWaiting = state.line.some((claim) => claim.id === id);
  const running = state.running.get(id);
  const known = isWaiting || running !== undefined || state.ending.has(id);
  const events: Record<string, BudgetEvent | undefined> = {
    ask: known ? undefined : ask(id, bytes),
    leave: leave(id),
    rest: running === undefined ? undefined : rest(id, Math.min(bytes, running), isWanted),
    end: end(id),
  };
  return events[move];
}
