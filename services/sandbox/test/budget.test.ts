import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { setTimeout as sleep } from 'node:timers/promises';
import { type IndexServer, startIndex } from './packages/fixtures/index-server.ts';
import { cacheFor, PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';
import { rmSync } from 'node:fs';

// Real processes are started, ended and waited for.
jest.setTimeout(240_000);

const LEVEL = String(PYTHON_LEVELS.at(-1));
const cache = cacheFor({});
let index: IndexServer;
let sandbox: Sandbox;
const start = async (env: Record<string, string>) => {
  const common = { SANDBOX_ISOLATION: LEVEL, SANDBOX_CACHE_DIR: cache, PIP_INDEX_URL: index.pipIndexUrl };
  sandbox = await startSandbox({ ...common, ...env });
  await until(async () => (await request(`${sandbox.url}/ready`)).status === 200);
};
const metric = async (name: string): Promise<number> => {
  const { body } = await request(`${sandbox.url}/metrics`);
  return Number(
    body
      .split('\n')
      .find((line: string) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
};
beforeAll(async () => {
  index = await startIndex();
  for (const name of ['zqfirstset', 'zqsecondset']) index.addWheels(name, [{ version: '1.0' }]);
});
afterAll(async () => {
  await index.stop();
  rmSync(cache, { recursive: true, force: true });
});

/** Programs whose result is when they began and ended, as `[begin, end]` in milliseconds. */
const PYTHON = { code: 'import time\nbegin = time.time()\ntime.sleep(0.2)\n[begin * 1000, time.time() * 1000]' };
const SCRIPT = {
  language: 'javascript',
  code: 'const b = Date.now(); await new Promise((done) => setTimeout(done, 200)); JSON.stringify([b, Date.now()])',
};

/** Runs a program, again while the sandbox is full, as the answer's Retry-After says; returns when it ran. */
async function timesOf(program: object): Promise<readonly [number, number]> {
  for (;;) {
    const { status, body } = await sandbox.execute(program);
    if (status === 503) {
      await sleep(500);
      continue;
    }
    expect(body).toMatchObject({ status: 'success' });
    const [begin = Number.NaN, end = Number.NaN] = [...body.result.matchAll(/\d+(?:\.\d+)?/g)].map(Number);
    return [begin, end];
  }
}

/** Returns how many of some programs ran at the same time, at most. */
const overlapOf = (times: readonly (readonly [number, number])[]): number =>
  Math.max(...times.map(([at]) => times.filter(([begin, end]) => begin <= at && at < end).length));

describe('the budget of programs', () => {
  afterAll(() => sandbox.stop());

  test('is one for all languages, package sets and sessions', async () => {
    await start({ MAX_WORKERS: '2' });
    const programs = [
      ...Array.from({ length: 3 }, () => [PYTHON, SCRIPT]).flat(),
      ...['zqfirstset', 'zqsecondset'].flatMap((name) => [1, 2].map(() => ({ ...PYTHON, packages: [name] }))),
      ...['one', 'two'].flatMap((session_id) => [1, 2].map(() => ({ ...PYTHON, session_id }))),
      { ...SCRIPT, session_id: 'three' },
    ];
    const times = await Promise.all(programs.map(timesOf));
    expect(times).toHaveLength(programs.length);
    expect(overlapOf(times)).toBeLessThanOrEqual(2);
    expect(await metric('sandbox_programs_max')).toBe(2);
    await until(async () => (await metric('sandbox_programs{state="running"}')) === 0);
    await sandbox.stop();
  });

  test('serves callers in the order of their arrival, whatever they ask for', async () => {
    await start({ MIN_WORKERS: '1', MAX_WORKERS: '1' });
    const hog = sandbox.execute({ code: 'import time\ntime.sleep(3)' });
    await until(async () => (await metric('sandbox_programs{state="running"}')) === 1);
    const order: string[] = [];
    const calls: Promise<unknown>[] = [];
    for (const [name, program] of Object.entries({
      python: PYTHON,
      script: SCRIPT,
      session: { ...PYTHON, session_id: 's' },
    })) {
      calls.push(sandbox.execute(program).then(() => order.push(name)));
      await until(async () => (await metric('sandbox_programs{state="waiting"}')) === calls.length);
    }
    await Promise.all([hog, ...calls]);
    expect(order).toEqual(['python', 'script', 'session']);
  });
});

const describeNative = LEVEL === 'namespaces' ? describe : describe.skip;

describeNative('the budget of memory', () => {
  beforeAll(() => start({ SANDBOX_MEMORY_MB: '400', MAX_WORKERS: '4' }));
  afterAll(() => sandbox.stop());

  test('refuses what it could never give, with the figure', async () => {
    expect(await sandbox.execute({ code: '1', memory_mb: 401 })).toMatchObject({
      status: 422,
      body: {
        error: {
          code: 'invalid_arguments',
          message: expect.stringContaining('at most 400'),
          details: [{ path: 'memory_mb', message: expect.stringContaining('400') }],
        },
      },
    });
  });

  test('lets programs wait until their memory is free', async () => {
    const large = [PYTHON, SCRIPT, PYTHON].map((program) => ({ ...program, memory_mb: 250 }));
    expect(overlapOf(await Promise.all(large.map(timesOf)))).toBe(1);
  });

  test('ends the sessions that have rested longest where a program needs their memory, and gives it back', async () => {
    const fill = { code: 'x = b"x" * 90_000_000', memory_mb: 120 };
    for (const session_id of ['old', 'young']) await sandbox.run({ ...fill, session_id });
    expect(await metric('sandbox_memory_reserved_bytes{holder="sessions"}')).toBeGreaterThan(180_000_000);
    expect(await sandbox.run({ code: '1', memory_mb: 220 })).toMatchObject({ status: 'success' });
    expect(await metric('sandbox_sessions_evicted_total')).toBe(1);
    expect(await metric('sandbox_memory_reserved_bytes{holder="sessions"}')).toBeLessThan(180_000_000);
    const left = (session_id: string) => sandbox.run({ code: 'len(x)', session_id, memory_mb: 120 });
    expect(await left('young')).toMatchObject({ status: 'success', result: '90000000' });
    // As after its idle time: a session that is asked for again is a new one.
    expect(await left('old')).toMatchObject({ status: 'error', error: { type: 'NameError' } });
  });
});
