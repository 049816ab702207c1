import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { descendantsOf } from './hostile/processes.ts';
import { PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(240_000);

const describeJailed = PYTHON_LEVELS.includes('namespaces') ? describe : describe.skip;

const folders: string[] = [];
const started: Sandbox[] = [];
const start = async (env: Record<string, string> = {}): Promise<Sandbox> => {
  const sandbox = await startSandbox({ SANDBOX_ISOLATION: 'namespaces', MIN_WORKERS: '1', MAX_WORKERS: '8', ...env });
  started.push(sandbox);
  await until(async () => (await request(`${sandbox.url}/ready`)).status === 200);
  return sandbox;
};
afterEach(async () => {
  await Promise.all(started.splice(0).map((sandbox) => sandbox.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

const HOME = '/opt/sandbox';
/** The service's processes that run a script of the worker's, and not bubblewrap on its way there. */
const running = (pid: number, script: string): readonly number[] =>
  descendantsOf(pid).filter((child) => {
    const [program = '', ...words] = commandOf(child);
    return program.includes('python') && words.find((word) => word.endsWith('.pyc')) === `${HOME}/${script}`;
  });

/** Returns a service's launchers of plain Python: their workers are forks of them, with the same words. */
function launchersOf(pid: number): readonly number[] {
  const all = running(pid, 'launcher.pyc').filter((one) => commandOf(one).at(-2) === 'toolmesh_python');
  const forks = new Set(all.flatMap(descendantsOf));
  return all.filter((one) => !forks.has(one));
}
/** Returns the processes that the launchers of a service have forked. */
const workersOf = (pid: number): readonly number[] => launchersOf(pid).flatMap(descendantsOf);

const isGone = (pid: number): boolean => commandOf(pid).join('') === '';

describeJailed('the launcher', () => {
  test('the launcher makes the workers, each in namespaces of its own', async () => {
    const sandbox = await start({ MIN_WORKERS: '2' });
    expect(running(sandbox.pid, 'worker.pyc')).toEqual([]);
    await until(() => workersOf(sandbox.pid).length >= 4);
    const { result } = await sandbox.run({ code: 'import os; os.getppid(), os.getpid()' });
    expect(result).toBe('(1, 2)');
  });

  test('the launcher takes its workers with it when it is killed, and is replaced', async () => {
    const sandbox = await start();
    const [launcher = 0] = launchersOf(sandbox.pid);
    await sandbox.run({ code: 'kept = 1', session_id: 'kept' });
    const workers = descendantsOf(launcher);
    expect(workers.length).toBeGreaterThan(1);
    process.kill(launcher, 'SIGKILL');
    await until(() => workers.every(isGone));
    await until(async () => (await sandbox.execute({ code: '6 * 7' })).body.result === '42');
    expect(running(sandbox.pid, 'launcher.pyc')).not.toContain(launcher);
    expect(await sandbox.run({ code: '"kept" in globals()', session_id: 'kept' })).toMatchObject({ result: 'False' });
  });

  test('a call whose launcher is killed is told so, and the next one runs', async () => {
    const sandbox = await start();
    const cut = sandbox.execute({ code: 'while True: pass' });
    await until(async () => /state="busy"\} 1/.test((await request(`${sandbox.url}/metrics`)).body));
    for (const launcher of launchersOf(sandbox.pid)) process.kill(launcher, 'SIGKILL');
    const { status, body } = await cut;
    expect([status, body.error.code, body.error.message]).toEqual([
      503,
      'unavailable',
      expect.stringContaining('forked'),
    ]);
    await until(async () => (await sandbox.execute({ code: '6 * 7' })).body.result === '42');
  });

  test('workers of one launcher hash alike, and a launcher is renewed after so many; sessions of the old one go on', async () => {
    const sandbox = await start({ SANDBOX_LAUNCHER_WORKERS: '6' });
    const hashOf = async () => (await sandbox.run({ code: 'hash("text")' })).result;
    const first = await hashOf();
    expect(await hashOf()).toBe(first);
    await sandbox.run({ code: 'x = 41', session_id: 'old' });
    const [old = 0] = launchersOf(sandbox.pid);
    await until(async () => (await hashOf()) !== first);
    expect(launchersOf(sandbox.pid).some((pid) => pid !== old)).toBe(true);
    expect(await sandbox.run({ code: 'x + 1', session_id: 'old' })).toMatchObject({ result: '42' });
    expect((await sandbox.run({ code: 'hash("text")', session_id: 'old' })).result).toBe(first);
    await request(`${sandbox.url}/sessions/old`, { method: 'DELETE' });
    // One that is warm still may be of the old one.
    await until(async () => (await hashOf()) !== first && isGone(old));
  });

  test('the launcher does not outlive a service that is killed, nor do its workers', async () => {
    const sandbox = await start();
    const busy = sandbox.execute({ code: 'while True: pass' }).catch(() => 'cut off');
    await until(() => workersOf(sandbox.pid).length > 2);
    const all = descendantsOf(sandbox.pid);
    sandbox.kill('SIGKILL');
    await busy;
    await until(() => all.every(isGone));
    expect(all.length).toBeGreaterThan(3);
  });

  test('without a launcher, bubblewrap starts each worker, and the log reports it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'toolmesh-bwrap-'));
    folders.push(folder);
    const bwrap = join(folder, 'bwrap');
    writeFileSync(bwrap, '#!/bin/sh\ncase "$*" in *launcher.pyc*) exit 1 ;; esac\nexec /usr/bin/bwrap "$@"\n');
    chmodSync(bwrap, 0o755);
    const sandbox = await start({ SANDBOX_BWRAP: bwrap });
    expect(running(sandbox.pid, 'launcher.pyc')).toEqual([]);
    expect(sandbox.log).toContainEqual(expect.objectContaining({ message: expect.stringContaining('no launcher') }));
    const code = 'import os\nos.kill(os.getppid(), 9)\nos.listdir("/proc"), os.getppid()';
    expect(await sandbox.run({ code })).toMatchObject({ status: 'success', result: '([], 1)' });
    const names = 'import os\nfor n in range(10 ** 6): os.close(os.open(f"/tmp/{n}", os.O_CREAT | os.O_WRONLY))';
    expect(await sandbox.run({ code: names })).toMatchObject({
      status: 'out_of_memory',
      error: { message: expect.stringContaining('16384 files') },
    });
    expect((await sandbox.run({ code: 'x = 1; x', session_id: 's' })).result).toBe('1');
    expect((await sandbox.run({ code: 'x + 1', session_id: 's' })).result).toBe('2');
  });
});
