import { describe, expect, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createWarmWorkers } from '../src/workers/warm-workers.ts';

/** A pool whose workers are idle as soon as they are started. */
function poolOf(min: number, idle = 0) {
  const pool = {
    count: idle,
    warm: () => pool.count,
    idle: () => pool.count,
    lacks: () => Math.max(0, min - pool.count),
    start: () => void (pool.count += 1),
    shed: () => void (pool.count -= 1),
  };
  return pool;
}

describe('warm workers', () => {
  test('are shared so that each pool has one before any has two', async () => {
    const pools = [poolOf(2), poolOf(1), poolOf(2)];
    const warm = createWarmWorkers({ max: 4, running: () => 0 });
    for (const pool of pools) warm.join(pool);
    await until(() => pools.some(({ count }) => count > 0));
    expect(pools.map(({ count }) => count)).toEqual([2, 1, 1]);
    warm.close();
  });

  test('make room for programs, those of the pool that was used least recently first', () => {
    const [seldom, often] = [poolOf(1, 1), poolOf(2, 2)];
    let running = 1;
    const warm = createWarmWorkers({ max: 4, running: () => running });
    const [seldomUsed, oftenUsed] = [warm.join(seldom), warm.join(often)];
    for (const member of [oftenUsed, seldomUsed, oftenUsed]) member.used();
    oftenUsed.makeRoom();
    expect([seldom.count, often.count]).toEqual([1, 2]);
    running = 3;
    oftenUsed.makeRoom();
    expect([seldom.count, often.count]).toEqual([0, 1]);
    warm.close();
  });

  test('come back first to pools with callers, once places were short', async () => {
    const [unused, used] = [poolOf(1, 1), poolOf(1)];
    let running = 2;
    const warm = createWarmWorkers({ max: 2, running: () => running });
    warm.join(unused);
    const member = warm.join(used);
    member.used();
    member.makeRoom();
    expect(unused.count).toBe(0);
    running = 0;
    warm.changed();
    await until(() => used.count === 1);
    expect(unused.count).toBe(0);
    warm.close();
  });
});
