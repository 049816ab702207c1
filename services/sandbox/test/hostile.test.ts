import { existsSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { IS_FULL } from '@toolmesh/shared/test-kit/depth';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type HostileProgram, readCorpus } from './hostile/corpus.ts';
import { HOSTILE_NAMES, type HostileName, NO_INDEX } from './hostile/packages.ts';
import { waitedMs } from './hostile/judge.ts';
import { BREAKING, BUSY_BETWEEN_CALLS, STAYING } from './hostile/sessions.ts';
import { isolationOf, openHarness, type Setting, type Harness } from './hostile/harness.ts';
import { cacheFor, PYTHON_LEVELS, type Sandbox, startSandbox, USERS } from './sandbox.ts';

const corpus = readCorpus(new URL('./hostile/', import.meta.url));
const settings: readonly Setting[] = [
  { name: 'wasm', isolation: 'wasm', user: {} },
  {
    name: 'wasm without a jail',
    isolation: 'wasm',
    user: {},
    env: { SANDBOX_BWRAP: '/nonexistent/bwrap' },
    everyNth: 3,
  },
  ...(PYTHON_LEVELS.includes('namespaces') ? USERS : []).map(([name, user]): Setting => ({
    name: `namespaces, run by ${name}`,
    isolation: 'namespaces',
    user,
  })),
];

/** Matches the metrics while a Python program runs. */
const BUSY = /^sandbox_workers\{language="python",state="busy"\} [1-9]/m;

test('the corpus is all there', () => {
  expect(corpus.map(({ name }) => name[0]).join('')).toBe('abcdefghiklm');
  expect(corpus.flatMap(({ programs }) => programs).length).toBeGreaterThan(390);
  expect(HOSTILE_NAMES.length).toBeGreaterThan(75);
});

describe.each(settings)('under $name:', (setting) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness(setting);
  }, 240_000);
  afterAll(() => harness?.close(), 240_000);

  const runs = (program: HostileProgram) => program.expectedUnder(isolationOf(program, setting)) !== undefined;
  const isChosen = ({ language }: HostileProgram, index: number) =>
    IS_FULL || language !== 'python' || index % (setting.everyNth ?? 1) === 0;
  const groups = corpus
    .map(({ name, programs }) => ({ name, programs: programs.filter(runs).filter(isChosen) }))
    .filter(({ programs }) => programs.length > 0);

  describe.each(groups)('$name', ({ name: group, programs }) => {
    let faults: ReadonlyMap<string, readonly string[]>;
    beforeAll(async () => {
      const started = performance.now();
      faults = await harness.tryAll(programs);
      const faulty = [...faults.values()].filter((found) => found.length > 0).length;
      const seconds = ((performance.now() - started) / 1_000).toFixed(1);
      // At once, where jest shows nothing before the end of the file.
      process.stderr.write(`${setting.name}: ${group}: ${programs.length} programs, ${faulty} faulty, ${seconds} s\n`);
    }, 600_000);

    test.each(programs)('$name', ({ name }) => {
      expect(faults.get(name)).toEqual([]);
    });

    test('leaves the service as it was', async () => {
      expect(await harness.changes()).toEqual([]);
    });
  });

  describe('a session', () => {
    const execute = (program: object) => post(`${harness.url}/execute`, program);
    const end = (id: string) => request(`${harness.url}/sessions/${id}`, { method: 'DELETE' });

    test.each(BUSY_BETWEEN_CALLS)('%s does nothing between its calls', async (_what, code) => {
      const { body } = await execute({ session_id: 'idler', memory_mb: 64, code });
      expect(body).toMatchObject({ status: 'success', stdout: 'back\n' });
      await sleep(1_500);
      const used = harness.usage();
      await sleep(1_000);
      const { memoryMb, cpuMs } = harness.usage();
      await end('idler');
      expect(memoryMb).toBeLessThan(350);
      expect(cpuMs - used.cpuMs).toBeLessThan(300);
      expect(await harness.changes()).toEqual([]);
    });

    test('takes with it what it has started', async () => {
      const { body } = await execute({ session_id: 'starter', code: STAYING });
      expect(body).toMatchObject({ status: 'success', stdout: 'back\n' });
      await end('starter');
      expect(await harness.changes()).toEqual([]);
    });

    test('that is broken from inside is replaced', async () => {
      for (const code of BREAKING) await execute({ session_id: 'breaker', code, timeout_ms: 500 });
      await end('breaker');
      const { body } = await execute({ session_id: 'breaker', code: '6 * 7', timeout_ms: 5_000 });
      expect(body).toMatchObject({ status: 'success', result: '42' });
      await end('breaker');
      expect(await harness.changes()).toEqual([]);
    });
  });

  describe('a service under pressure', () => {
    const execute = (program: object, init: RequestInit = {}) => post(`${harness.url}/execute`, program, init);

    test.each(['while True: pass', 'import time\ntime.sleep(60)', 'while True: print("x" * 1000)'])(
      'kills the program of a caller that has gone: %s',
      async (code) => {
        const gone = new AbortController();
        const call = execute({ code }, { signal: gone.signal }).catch(() => 'gone');
        await until(async () => BUSY.test((await request(`${harness.url}/metrics`)).body));
        gone.abort();
        expect(await call).toBe('gone');
        expect(await harness.changes()).toEqual([]);
      },
    );

    /** Asks again while every worker is taken, as the answer's Retry-After says. */
    const executeWhenFree = async (program: object) => {
      for (;;) {
        const answer = await execute(program);
        if (answer.status !== 503) return answer;
        await sleep(500);
      }
    };

    // Last, as workers that were needed are kept for a while.
    test('ends many programs at their time at once, and works on', async () => {
      const endless = { code: 'while True: pass', timeout_ms: 300 };
      const answers = await Promise.all(Array.from({ length: 12 }, () => executeWhenFree(endless)));
      expect(answers.map(({ body }) => body.status)).toEqual(Array(12).fill('timeout'));
      expect(answers.filter(({ body }) => body.duration_ms - waitedMs(body) > 800)).toEqual([]);
      expect((await execute({ code: '6 * 7' })).body.result).toBe('42');
    });
  });
});

describe('j-packages', () => {
  const cache = cacheFor({});
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ ...NO_INDEX, SANDBOX_ISOLATION: 'wasm', SANDBOX_CACHE_DIR: cache });
  }, 60_000);
  afterAll(async () => {
    await sandbox.stop();
    rmSync(cache, { recursive: true, force: true });
  });
  const call = async (tool: string, row: HostileName) => {
    const { ecosystem, name, version } = row;
    const { body } = await post(`${sandbox.url}/tools/${tool}`, { arguments: { ecosystem, name, version } });
    return body.structured_content;
  };
  const rows = HOSTILE_NAMES.map((row) => [row.what, row] as const);

  test.each(rows)('check_package refuses %s', async (_what, row) => {
    const { status, reason } = await call('check_package', row);
    expect(status).not.toBe('allowed');
    expect(row.codes).toContain(reason.code);
  });

  test.each(rows)('install_package refuses %s', async (_what, row) => {
    const { status, reason } = await call('install_package', row);
    expect(['blocked', 'approval_required', 'failed']).toContain(status);
    expect(row.codes).toContain(reason.code);
  });

  test.each(rows)('execute_code runs nothing with %s', async (_what, { ecosystem, name, version }) => {
    const language = ecosystem === 'pypi' ? 'python' : 'javascript';
    const spec = version === undefined ? name : `${name}==${version}`;
    const { status, body } = await sandbox.execute({ code: '1', language, packages: [spec] });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(body)).not.toMatch(/canary-of-the-service|\/services\/|\\n {4}at /);
  });

  test('nothing of a name was run', () => {
    expect(existsSync('/tmp/hostile-name')).toBe(false);
  });
});
