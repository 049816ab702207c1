import { expect, test } from '@jest/globals';
import { createDemand } from '../src/workers/demand.ts';

function demandAt(least = 3, most = 8) {
  const clock = { now: 0 };
  const demand = createDemand({ least, most, now: () => clock.now });
  return {
    demand,
    /** Has `count` callers come at once, `after` milliseconds later. */
    burst(count: number, after: number) {
      clock.now += after;
      for (let caller = 0; caller < count; caller += 1) demand.arrived();
      return demand.target();
    },
  };
}

test('keeps as many workers as came at once, and one more, until the burst is long ago', () => {
  const { burst } = demandAt();
  expect(burst(0, 0)).toBe(3);
  expect(burst(5, 1_000)).toBe(6);
  expect(burst(1, 60_000)).toBe(6);
  expect(burst(0, 299_000)).toBe(3);
});

test('counts callers one after the other as a burst when they come faster than workers start', () => {
  const { burst } = demandAt();
  for (let turn = 0; turn < 4; turn += 1) burst(1, 500);
  expect(burst(0, 0)).toBe(5);
  expect(demandAt().burst(1, 10_000)).toBe(3);
});

test('never keeps more than memory allows', () => {
  const { burst, demand } = demandAt(2, 4);
  expect(burst(1_000, 0)).toBe(4);
  expect(demandAt(2, 2).burst(10, 0)).toBe(2);
  expect(demand.target()).toBe(4);
});
