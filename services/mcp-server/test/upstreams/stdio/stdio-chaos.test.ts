import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from '../../../src/upstreams/pool/worker-pool.ts';
import type { StdioServerOptions, StdioWorker } from '../../../src/upstreams/stdio/stdio-server.ts';
import { forever, isAlive, misbehaving, sayUntil } from './stdio-kit.ts';

// Each of these starts processes and loads them, on machines that may have other things to do.
jest.setTimeout(120_000);

type Pool = WorkerPool<StdioWorker>;
interface Options {
  readonly pool?: Partial<WorkerPoolOptions<StdioWorker>>;
  readonly server?: Partial<StdioServerOptions>;
  readonly flags?: readonly string[];
}

const pools: Pool[] = [];
const pids = new Set<number>();
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  await until(() => [...pids].every((pid) => !isAlive(pid)));
  pids.clear();
});

/** A pool of real processes of the misbehaving server. */
async function poolOf({ pool: options = {}, server = {}, flags = [] }: Options = {}) {
  const { start, logger, log } = misbehaving(flags, server);
  const pool = createWorkerPool({
    name: 'The upstream odd',
    min: 2,
    max: 3,
    concurrency: 4,
    maxWaitMs: 20_000,
    backOff: { baseMs: 10, maxMs: 100, healthyAfterMs: 60_000 },
    logger,
    ...options,
    start: async (signal) => {
      const worker = await start(signal);
      pids.add(worker.pid);
      return worker;
    },
  });
  pools.push(pool);
  return { pool, log };
}

const call = (pool: Pool, tool: string, args: object = {}, signal = forever) =>
  pool.withWorker((worker, end) => sayUntil(end, worker, { name: tool, arguments: { ...args } }), signal);

/** Calls without a pause, `clients` at a time, until it is stopped; returns the outcome of them. */
function load(pool: Pool, clients: number) {
  const stopped = new AbortController();
  const outcome = { well: 0, wrong: 0, errors: new Array<unknown>() };
  const client = async (id: number): Promise<void> => {
    for (let i = 0; !stopped.signal.aborted; i += 1) {
      const text = `${id}-${i}`;
      try {
        if ((await call(pool, 'echo', { text })) === text) outcome.well += 1;
        else outcome.wrong += 1;
      } catch (error) {
        outcome.errors.push(error);
        // A client that is refused does not come back at once.
        await sleep(10);
      }
    }
  };
  const clientsDone = Promise.all(Array.from({ length: clients }, (_, id) => client(id)));
  return {
    outcome,
    async stop() {
      stopped.abort();
      await clientsDone;
      return outcome;
    },
  };
}

/** Lets at least `more` calls end well from now on. */
const untilServed = ({ outcome }: ReturnType<typeof load>, more: number): Promise<void> => {
  const target = outcome.well + more;
  return until(() => outcome.well >= target);
};

describe('a pool of stdio servers', () => {
  test('loses no call but those of a worker that is killed under load, each told so, and replaces it', async () => {
    const { pool } = await poolOf();
    const traffic = load(pool, 8);
    for (let kill = 1; kill <= 3; kill += 1) {
      await untilServed(traffic, 50);
      const victim = [...pids].find(isAlive) ?? 0;
      process.kill(victim, 'SIGKILL');
      await until(() => pool.stats().restarts >= kill && pool.stats().total >= 2);
    }
    await untilServed(traffic, 50);
    const { wrong, errors } = await traffic.stop();
    expect(wrong).toBe(0);
    // Four at most were running on each.
    expect(errors.length).toBeLessThanOrEqual(12);
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'upstream_failed',
        message: expect.stringMatching(/that ran the call ended: killed by SIGKILL/),
      });
    }
    expect(pool.stats()).toMatchObject({ busy: 0, queue_depth: 0, restarts: 3 });
  });

  test('ends a worker that hangs once its call is given up, while the others serve on', async () => {
    const { pool } = await poolOf({ pool: { concurrency: 1, pingTimeoutMs: 300 } });
    await until(() => pool.stats().total === 2);
    const controller = new AbortController();
    const hung = call(pool, 'hang', {}, controller.signal);
    const traffic = load(pool, 2);
    await untilServed(traffic, 50);
    controller.abort(new MeshError('upstream_timeout', 'too late'));
    await expect(hung).rejects.toThrow('too late');
    await until(() => pool.stats().restarts === 1);
    await untilServed(traffic, 50);
    expect(await traffic.stop()).toMatchObject({ wrong: 0, errors: [] });
    await until(() => [...pids].filter(isAlive).length === pool.stats().total);
  });

  test('replaces the only worker when all that it was doing was given up', async () => {
    const { pool } = await poolOf({ pool: { min: 1, max: 1, pingTimeoutMs: 300 } });
    const controller = new AbortController();
    const stuck = ['hang', 'echo', 'sleep'].map((tool) => call(pool, tool, {}, controller.signal));
    await until(() => pool.stats().busy === 1);
    controller.abort(new MeshError('upstream_timeout', 'too late'));
    for (const one of stuck) await expect(one).rejects.toThrow('too late');
    expect(await call(pool, 'echo', { text: 'well' })).toBe('well');
    expect(pool.stats()).toMatchObject({ total: 1, restarts: 1 });
  });

  const fatal: [string, RegExp][] = [
    ['endless_line', /wrote a line of more than 1000000 bytes/],
    ['garbage', /wrote too much that is not MCP/],
    ['half_a_frame', /exited with code 0/],
    ['exit', /exited with code 7/],
  ];
  test.each(fatal)('serves on after a call that makes a worker send %s', async (tool, message) => {
    const { pool } = await poolOf({ server: { maxLineBytes: 1_000_000, maxGarbageBytes: 1_000_000 } });
    await until(() => pool.stats().total === 2);
    const traffic = load(pool, 2);
    await expect(call(pool, tool)).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(message),
    });
    await untilServed(traffic, 50);
    const { wrong, errors } = await traffic.stop();
    expect(wrong).toBe(0);
    expect(errors.length).toBeLessThanOrEqual(2);
    await until(() => pool.stats().total === 2);
    expect(pool.stats().restarts).toBe(1);
  });

  test('tries a server that crashes at its start again with growing pauses, and tells callers at once', async () => {
    const { pool, log } = await poolOf({
      flags: ['--cannot-start'],
      pool: { backOff: { baseMs: 50, maxMs: 60_000, healthyAfterMs: 60_000 } },
    });
    await expect(call(pool, 'echo')).rejects.toMatchObject({
      code: 'upstream_failed',
      message: expect.stringMatching(/cannot be started: exited with code 3/),
    });
    const failed = () => log.filter(({ message }) => message === 'a worker did not start');
    await until(() => failed().length >= 6);
    const pauses = failed().map(({ retryInMs }) => Number(retryInMs));
    // The first two are the minimum, started together; then one at a time, each pause at least as long as the jitter allows.
    expect(Math.max(...pauses)).toBeGreaterThan(4 * Math.min(...pauses));
    expect(pool.stats()).toMatchObject({ total: 0, queue_depth: 0 });
    expect(pool.lastError()).toMatchObject({ code: 'upstream_failed' });
  });

  test('recovers from calls that crash worker after worker', async () => {
    const { pool } = await poolOf({ pool: { max: 2 } });
    for (let i = 0; i < 5; i += 1) {
      await expect(call(pool, 'exit')).rejects.toMatchObject({ code: 'upstream_failed' });
    }
    expect(await call(pool, 'echo', { text: 'well' })).toBe('well');
    await until(() => pool.stats().total === 2);
    expect(pool.stats().restarts).toBe(5);
  });

  test('leaves no process, timer or pipe behind', async () => {
    const before = resources();
    const { pool } = await poolOf();
    const traffic = load(pool, 8);
    await untilServed(traffic, 100);
    await call(pool, 'child');
    await expect(call(pool, 'exit')).rejects.toMatchObject({ code: 'upstream_failed' });
    const held = call(pool, 'silence', {}, AbortSignal.timeout(20));
    await expect(held).rejects.toMatchObject({ name: 'TimeoutError' });
    await traffic.stop();
    await pool.close();
    expect(pool.stats()).toMatchObject({ total: 0, busy: 0, idle: 0, queue_depth: 0 });
    await until(() => [...pids].every((pid) => !isAlive(pid)));
    await until(() => [...resources()].every(([kind, count]) => count <= (before.get(kind) ?? 0)));
  });
});

/** Counts the handles that keep this process alive, by kind. */
function resources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
