import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { type ServiceProcess, StartFailure, startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';

// Real processes are started, ended and waited for.
jest.setTimeout(240_000);

const MAIN = new URL('../src/main.ts', import.meta.url);
const started: ServiceProcess[] = [];
const start = async (env: Record<string, string> = {}) => {
  // One pool for each language.
  const sandbox = await startServiceProcess(MAIN, { SANDBOX_ISOLATION: 'wasm', ...env });
  started.push(sandbox);
  await until(async () => (await request(`${sandbox.url}/ready`)).status === 200);
  return sandbox;
};
afterEach(async () => {
  await Promise.all(started.splice(0).map((sandbox) => sandbox.stop()));
});

/** Processes whose parent is `pid`, as /proc tells. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

const execute = (sandbox: ServiceProcess, program: object, init: RequestInit = {}) =>
  post(`${sandbox.url}/execute`, program, init);

const metricsOf = async (sandbox: ServiceProcess): Promise<string> => (await request(`${sandbox.url}/metrics`)).body;

describe('workers', () => {
  test('a worker is never used twice, and the pool fills up again', async () => {
    const sandbox = await start({ MIN_WORKERS: '1' });
    const before = childrenOf(sandbox.pid);
    expect(before).toHaveLength(2);
    await execute(sandbox, { code: '1', language: 'javascript' });
    await until(
      () => childrenOf(sandbox.pid).length === 2 && !before.every((pid) => childrenOf(sandbox.pid).includes(pid)),
    );
  });

  test('the pool grows with its queue, up to the maximum', async () => {
    const sandbox = await start({ MIN_WORKERS: '1', MAX_WORKERS: '3' });
    const code = 'await new Promise((resolve) => setTimeout(resolve, 300)); 1';
    const answers = Array.from({ length: 6 }, () => execute(sandbox, { code, language: 'javascript' }));
    let most = 0;
    const all = Promise.all(answers);
    for (let over = false; !over;) {
      most = Math.max(most, childrenOf(sandbox.pid).length);
      over = await Promise.race([all.then(() => true), sleep(20).then(() => false)]);
    }
    expect((await all).map(({ body }) => body.status)).toEqual(Array(6).fill('success'));
    // Three for JavaScript; the one that waits for Python makes room for them, and may take a moment to be gone.
    expect([3, 4]).toContain(most);
    expect(childrenOf(sandbox.pid).length).toBeLessThanOrEqual(3);
  });

  test('a full pool refuses what it cannot serve in time, with Retry-After', async () => {
    const sandbox = await start({ MIN_WORKERS: '1', MAX_WORKERS: '1' });
    const hog = execute(sandbox, { code: 'await new Promise(() => {})', language: 'javascript', timeout_ms: 12_000 });
    await sleep(100);
    const refused = await execute(sandbox, { code: '1', language: 'javascript' });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await execute(sandbox, { code: '1' })).body.result).toBe('1');
    expect((await hog).body.status).toBe('timeout');
  });

  test('a worker dies with the program of a caller that has gone', async () => {
    const sandbox = await start({ MIN_WORKERS: '1', MAX_WORKERS: '2' });
    const [worker] = childrenOf(sandbox.pid).filter((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('javascript'),
    );
    const gone = new AbortController();
    const call = execute(sandbox, { code: 'for (;;);', language: 'javascript' }, { signal: gone.signal }).catch(
      () => 'gone',
    );
    await until(async () => /sandbox_workers\{language="javascript",state="busy"\} 1/.test(await metricsOf(sandbox)));
    gone.abort();
    expect(await call).toBe('gone');
    await until(() => worker !== undefined && parentOf(worker) === undefined);
    expect((await execute(sandbox, { code: '2', language: 'javascript' })).body.result).toBe('2');
  });

  test('a worker that is killed from outside is replaced', async () => {
    const sandbox = await start({ MIN_WORKERS: '1' });
    const before = childrenOf(sandbox.pid);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await until(() => {
      const now = childrenOf(sandbox.pid);
      return now.length === 2 && !now.some((pid) => before.includes(pid));
    });
    await until(async () => (await request(`${sandbox.url}/ready`)).status === 200);
    expect((await execute(sandbox, { code: '3' })).body.result).toBe('3');
  });

  test('workers do not outlive a service that is killed', async () => {
    const sandbox = await start({ MIN_WORKERS: '1' });
    const workers = childrenOf(sandbox.pid);
    const busy = execute(sandbox, { code: 'while True: pass' }).catch(() => 'cut off');
    await sleep(200);
    sandbox.kill('SIGKILL');
    await busy;
    await until(() => workers.every((pid) => parentOf(pid) === undefined));
    expect(workers).toHaveLength(2);
  });

  test.each(['wasm', 'wasm without a jail'])('workers that are still starting do not, either: %s', async (name) => {
    const env: Record<string, string> = name === 'wasm' ? {} : { SANDBOX_BWRAP: '/nonexistent/bwrap' };
    const sandbox = await start({ MIN_WORKERS: '1', ...env });
    const warm = childrenOf(sandbox.pid);
    void execute(sandbox, { code: '1' }).catch(() => {});
    await until(() => childrenOf(sandbox.pid).some((pid) => !warm.includes(pid)));
    const workers = childrenOf(sandbox.pid);
    expect(workers.length).toBeGreaterThan(0);
    sandbox.kill('SIGKILL');
    await until(() => workers.every((pid) => parentOf(pid) === undefined));
  });

  test('a stop lets running programs end, and starts nothing new', async () => {
    const sandbox = await start();
    const running = execute(sandbox, { code: 'import time\ntime.sleep(0.7)\n"done"' });
    await sleep(200);
    sandbox.kill('SIGTERM');
    expect((await running).body).toMatchObject({ status: 'success', result: "'done'" });
    expect(await sandbox.exited).toEqual({ code: 0, signal: null });
  });
});

describe('the start of the service', () => {
  test.each([
    [{ SANDBOX_ISOLATION: 'none' }, 'SANDBOX_ISOLATION'],
    [{ MIN_WORKERS: '5', MAX_WORKERS: '2' }, 'MIN_WORKERS'],
    [
      { SANDBOX_ISOLATION: 'wasm', SANDBOX_CACHE_DIR: '/dev/null/cache' },
      'cannot write /dev/null/cache/packages (ENOTDIR',
    ],
  ])('a start with %p is refused with its reason', async (env, reason) => {
    const failure = await startServiceProcess(MAIN, env).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect(failure).toMatchObject({ code: 78, message: expect.stringContaining(reason) });
  });
});
