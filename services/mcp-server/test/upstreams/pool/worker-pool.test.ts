import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { currentContext, openContext, runInContext } from '@toolmesh/shared/kit/telemetry/request-context';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createWorkerPool, type PoolWorker, type WorkerPoolOptions } from '../../../src/upstreams/pool/worker-pool.ts';

/** A worker without a process, as well or unwell as a test needs it. */
interface FakeWorker extends PoolWorker {
  readonly id: number;
  readonly closed: boolean;
  answersPings: boolean;
  pings: number;
  crash(): void;
}

const pools: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function fakePool(options: Partial<WorkerPoolOptions<FakeWorker>> = {}, startFails = () => false) {
  const started: FakeWorker[] = [];
  const logger = createLogger({ service: 'test', level: 'silent' });
  const start = async (): Promise<FakeWorker> => {
    await sleep(1);
    if (startFails()) throw new Error('no such command');
    const gone = Promise.withResolvers<Error>();
    let closed = false;
    const worker = {
      id: started.length + 1,
      gone: gone.promise,
      get closed() {
        return closed;
      },
      answersPings: true,
      pings: 0,
      async ping() {
        worker.pings += 1;
        if (!worker.answersPings) await new Promise(() => {});
      },
      async close() {
        closed = true;
        gone.resolve(new Error('closed'));
      },
      crash: () => gone.resolve(new Error('killed by SIGKILL')),
    };
    started.push(worker);
    return worker;
  };
  const pool = createWorkerPool({
    name: 'The tools of x',
    min: 1,
    max: 3,
    concurrency: 2,
    backOff: { baseMs: 1, maxMs: 10, healthyAfterMs: 60_000 },
    logger,
    start,
    ...options,
  });
  pools.push(pool);
  return { pool, started };
}

const forever = new AbortController().signal;

/** A call that runs until it is told to end. */
function heldCall(pool: ReturnType<typeof fakePool>['pool'], signal = forever) {
  const held = Promise.withResolvers<void>();
  const began = Promise.withResolvers<FakeWorker>();
  const result = pool.withWorker(async (worker) => {
    began.resolve(worker);
    await held.promise;
    return worker.id;
  }, signal);
  result.catch(() => {});
  return { began: began.promise, result, end: () => held.resolve() };
}

describe('a worker pool', () => {
  test('keeps its minimum, gives each call to the one that has least to do, grows with the calls, and no further', async () => {
    const { pool, started } = fakePool({ min: 2 });
    await until(() => pool.stats().total === 2);
    const calls = [heldCall(pool), heldCall(pool)];
    expect(new Set(await Promise.all(calls.map(async ({ began }) => (await began).id))).size).toBe(2);
    expect(pool.stats()).toMatchObject({ min: 2, max: 3, busy: 2, idle: 0 });

    for (let i = 0; i < 6; i += 1) calls.push(heldCall(pool));
    await until(() => pool.stats().busy === 3);
    // Three workers of two calls each, so two of the eight wait.
    await until(() => pool.stats().queue_depth === 2);
    expect(started).toHaveLength(3);
    for (const { end } of calls) end();
    await Promise.all(calls.map(({ result }) => result));
    expect(pool.stats()).toEqual({
      min: 2,
      max: 3,
      total: 3,
      busy: 0,
      idle: 3,
      restarts: 0,
      queue_depth: 0,
      sessions: 0,
      sessions_given_up: 0,
    });
  });

  test('lets workers above the minimum go when they have nothing to do', async () => {
    const { pool, started } = fakePool({ idleMs: 50 });
    const calls = [heldCall(pool), heldCall(pool), heldCall(pool), heldCall(pool)];
    await Promise.all(calls.map(({ began }) => began));
    expect(pool.stats().total).toBeGreaterThan(1);
    for (const { end } of calls) end();
    await until(() => pool.stats().total === 1);
    expect(started.filter(({ closed }) => !closed)).toHaveLength(1);
    expect(pool.stats().restarts).toBe(0);
  });

  test('fails only the calls of a worker that crashes, saying so, and starts another', async () => {
    const { pool } = fakePool({ min: 2, max: 2 });
    await until(() => pool.stats().total === 2);
    const [lost, kept] = [heldCall(pool), heldCall(pool)];
    await kept.began;
    (await lost.began).crash();
    await expect(lost.result).rejects.toMatchObject({
      code: 'upstream_failed',
      message: 'The process of The tools of x that ran the call ended: killed by SIGKILL',
    });
    await until(() => pool.stats().total === 2);
    expect(pool.stats().restarts).toBe(1);
    kept.end();
    expect(await kept.result).toBe((await kept.began).id);
  });

  test('starts workers outside of the request that made it grow, whose ids are not theirs', async () => {
    const contexts: unknown[] = [];
    const { pool } = fakePool({ min: 0 }, () => {
      contexts.push(currentContext());
      return false;
    });
    await runInContext(openContext({ requestId: 'a-request' }), async () => {
      expect(await pool.withWorker(async () => currentContext()?.requestId, forever)).toBe('a-request');
    });
    expect(contexts).toEqual([undefined]);
  });

  test('tells a task that its caller left, and waits for none that does not heed it', async () => {
    const { pool } = fakePool();
    const controller = new AbortController();
    let told: unknown;
    const call = pool.withWorker(async (_worker, signal) => {
      signal.addEventListener('abort', () => {
        told = signal.reason;
      });
      await new Promise(() => {});
    }, controller.signal);
    await until(() => pool.stats().busy === 1);
    controller.abort(new Error('left'));
    await expect(call).rejects.toThrow('left');
    expect(told).toEqual(new Error('left'));
    expect(pool.stats().busy).toBe(0);
  });

  test('closes a worker that does not answer a ping, and gives it no call that it has hung on before', async () => {
    const { pool, started } = fakePool({ min: 2, max: 2, pingTimeoutMs: 50, pingEveryMs: 60_000 });
    await until(() => pool.stats().total === 2);
    const controller = new AbortController();
    const hung = heldCall(pool, controller.signal);
    const worker = await hung.began;
    worker.answersPings = false;
    controller.abort();
    // While it is being asked, calls go to the other one.
    expect(await pool.withWorker(async ({ id }) => id, forever)).not.toBe(worker.id);
    await until(() => worker.closed);
    await until(() => pool.stats().total === 2);
    expect(pool.stats().restarts).toBe(1);
    expect(started).toHaveLength(3);
  });

  test('pings a worker that has nothing to do', async () => {
    const { pool, started } = fakePool({ pingEveryMs: 20, pingTimeoutMs: 50 });
    await until(() => (started[0]?.pings ?? 0) >= 2);
    expect(pool.stats()).toMatchObject({ total: 1, restarts: 0 });
    for (const worker of started) worker.answersPings = false;
    await until(() => pool.stats().restarts >= 1 && pool.stats().total === 1);
  });

  test('a worker that answers a ping is used again after a call on it was given up', async () => {
    const { pool, started } = fakePool({ max: 1 });
    const controller = new AbortController();
    const call = heldCall(pool, controller.signal);
    await call.began;
    controller.abort(new Error('left'));
    await expect(call.result).rejects.toThrow('left');
    expect(await pool.withWorker(async ({ id }) => id, forever)).toBe(1);
    expect(started[0]?.pings).toBe(1);
  });

  test('starts none in the place of a worker that is only asked whether it is well', async () => {
    const { pool, started } = fakePool({ min: 2 });
    await until(() => pool.stats().total === 2);
    for (let i = 0; i < 10; i += 1) {
      const controller = new AbortController();
      const call = heldCall(pool, controller.signal);
      await call.began;
      controller.abort(new Error('left'));
      await expect(call.result).rejects.toThrow('left');
    }
    expect(await pool.withWorker(async ({ id }) => id, forever)).toBeLessThanOrEqual(2);
    expect(started).toHaveLength(2);
  });

  test('is back soon when all its workers are killed at once', async () => {
    const { pool, started } = fakePool({
      min: 8,
      max: 8,
      backOff: { baseMs: 100, maxMs: 3_600_000, healthyAfterMs: 60_000 },
    });
    await until(() => pool.stats().total === 8);
    for (const worker of started) worker.crash();
    await until(() => pool.stats().total === 0);
    // Eight failures in a row would be a pause of 6 seconds and more, after which only the first would be tried.
    expect(await pool.withWorker(async ({ id }) => id, forever)).toBeGreaterThan(8);
    await until(() => pool.stats().total === 8);
    expect(pool.stats().restarts).toBe(8);
  });

  test('may have no worker while nothing is asked of it', async () => {
    const { pool, started } = fakePool({ min: 0, idleMs: 50 });
    expect(pool.stats()).toMatchObject({ min: 0, total: 0 });
    expect(await pool.withWorker(async ({ id }) => id, forever)).toBe(1);
    await until(() => pool.stats().total === 0);
    expect(await pool.withWorker(async ({ id }) => id, forever)).toBe(2);
    expect(started).toHaveLength(2);
  });

  test('turns callers away when too many wait, or one for too long, or one leaves', async () => {
    const { pool } = fakePool({ max: 1, concurrency: 1, maxQueue: 2, maxWaitMs: 200 });
    const running = heldCall(pool);
    await running.began;
    const controller = new AbortController();
    const [late, leaving] = [heldCall(pool), heldCall(pool, controller.signal)];
    expect(pool.stats().queue_depth).toBe(2);
    await expect(heldCall(pool).result).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 1,
      message: 'The tools of x is busy: 2 calls are waiting already; try again later',
    });
    controller.abort(new Error('left'));
    await expect(leaving.result).rejects.toThrow('left');
    await expect(late.result).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/nothing came free within 200 ms/),
    });
    expect(pool.stats()).toMatchObject({ queue_depth: 0, busy: 1 });
    running.end();
    await running.result;
  });

  test('replaces a worker after the calls that it may serve', async () => {
    const { pool, started } = fakePool({ max: 2, maxCallsPerWorker: 2 });
    const ids: number[] = [];
    for (let i = 0; i < 4; i += 1) ids.push(await pool.withWorker(async ({ id }) => id, forever));
    expect(ids).toEqual([1, 1, 2, 2]);
    await until(() => pool.stats().total === 1);
    expect(started.map(({ closed }) => closed)).toEqual([true, true, false]);
    expect(pool.stats().restarts).toBe(0);
  });

  test('tells callers why none can be started, at once, and serves them when one can', async () => {
    let broken = true;
    const { pool } = fakePool({ backOff: { baseMs: 2_000, maxMs: 2_000, healthyAfterMs: 60_000 } }, () => broken);
    await expect(heldCall(pool).result).rejects.toMatchObject({ code: 'upstream_failed' });
    expect(pool.lastError()).toMatchObject({ message: 'The tools of x cannot be started' });
    await expect(heldCall(pool).result).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/is tried again later/),
    });
    broken = false;
    await until(() => pool.stats().total === 1);
    expect(pool.lastError()).toBeUndefined();
    expect(pool.stats().restarts).toBeGreaterThanOrEqual(1);
    expect(await pool.withWorker(async ({ id }) => id, forever)).toBe(1);
  });

  test('waits longer before each start while workers keep crashing', async () => {
    const starts: number[] = [];
    const { pool, started } = fakePool({ backOff: { baseMs: 20, maxMs: 10_000, healthyAfterMs: 60_000 } });
    for (let i = 0; i < 5; i += 1) {
      await until(() => started.length > i);
      starts.push(performance.now());
      started[i]?.crash();
    }
    await until(() => started.length === 6);
    // At least half of 20, 40, 80, 160 and 320 ms.
    expect(performance.now() - (starts[4] ?? 0)).toBeGreaterThanOrEqual(160);
    expect(pool.stats().restarts).toBe(5);
  });

  test('lets running calls end when it closes, refuses others, and closes all workers', async () => {
    const { pool, started } = fakePool({ min: 2, closeMs: 30_000 });
    const running = heldCall(pool);
    await running.began;
    const closed = pool.close();
    await expect(heldCall(pool).result).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/is shutting down/),
    });
    running.end();
    await running.result;
    await closed;
    expect(started.every((worker) => worker.closed)).toBe(true);
    expect(pool.stats().total).toBe(0);
  });

  test('does not wait for ever for a call when it closes', async () => {
    const { pool } = fakePool({ closeMs: 50 });
    const running = heldCall(pool);
    await running.began;
    await pool.close();
    await expect(running.result).rejects.toMatchObject({ code: 'unavailable' });
  });
});
