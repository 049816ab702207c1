import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { canJail } from '@toolmesh/shared/test-kit/can-jail';
import { request } from '@toolmesh/shared/test-kit/requests';
import { type Sandbox, startSandbox } from '../sandbox.ts';

// Real processes run real programs.
jest.setTimeout(240_000);

const describeJailed = canJail() ? describe : describe.skip;

describeJailed('a session', () => {
  let folder: string;
  let sandbox: Sandbox;
  const start = () => startSandbox({ MIN_WORKERS: '1', SANDBOX_DATA_DIR: folder });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toolmesh-workspaces-'));
    sandbox = await start();
  });
  afterAll(async () => {
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const run = (session_id: string, code: string, more: object = {}) => sandbox.run({ code, session_id, ...more });
  const of = (path: string, method = 'GET') => request(`${sandbox.url}${path}`, { method });

  describe('whose program takes too long', () => {
    test('goes on with its variables and files', async () => {
      await run('slow', 'x = 41');
      const code = 'f = open("partial.csv", "w")\nf.write("so far")\nf.flush()\nwhile True: pass';
      expect(await run('slow', code, { timeout_ms: 1_000 })).toMatchObject({
        status: 'timeout',
        session: 'continued',
        signal: 'SIGINT',
        error: {
          type: 'Timeout',
          message: expect.stringMatching(
            /^The program was stopped after 1000 ms.*; its session goes on, with its variables$/,
          ),
        },
        artifacts: [{ path: 'partial.csv', data: btoa('so far') }],
      });
      expect(await run('slow', 'x + 1')).toMatchObject({ status: 'success', result: '42', session: 'continued' });
    });

    test('is interrupted in a wait for another process, which ends as well', async () => {
      await run('waits', 'x = 1');
      const code = 'import subprocess\nsubprocess.run(["sleep", "100"])';
      expect(await run('waits', code, { timeout_ms: 1_000 })).toMatchObject({
        status: 'timeout',
        session: 'continued',
      });
      expect((await run('waits', 'x')).result).toBe('1');
    });

    test('loses its variables where that cannot be interrupted, keeps its files, and says so', async () => {
      await run('stubborn', 'x = 1\nopen("before.txt", "w").write("1")');
      const code = `
import signal
open("partial.txt", "w").write("2")
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True: pass`;
      const stopped = await run('stubborn', code, { timeout_ms: 1_000 });
      expect(stopped).toMatchObject({
        status: 'timeout',
        session: 'restarted',
        signal: 'SIGKILL',
        error: { message: expect.stringContaining('its session goes on with its files, but its variables are gone') },
        artifacts: [{ path: 'partial.txt' }],
      });
      // The limit, what a busy machine adds to it (twice that, at most), and half a second.
      expect(stopped.duration_ms).toBeLessThan(10_000);
      expect(await run('stubborn', 'open("before.txt").read() + open("partial.txt").read()')).toMatchObject({
        result: "'12'",
        session: 'continued',
      });
      expect((await run('stubborn', 'x')).error.type).toBe('NameError');
    });

    test('has its files even where it is the only program', async () => {
      const code = 'open("partial.csv", "w").write("a,b")\nimport time; time.sleep(60)';
      expect(await sandbox.run({ code, timeout_ms: 1_000 })).toMatchObject({
        status: 'timeout',
        signal: 'SIGKILL',
        artifacts: [{ path: 'partial.csv', data: btoa('a,b') }],
      });
    });
  });

  test('whose program ends its process goes on with its files', async () => {
    await run('left', 'x = 1\nopen("a.txt", "w").write("a")');
    expect(await run('left', 'import os; os._exit(1)')).toMatchObject({ status: 'error', session: 'restarted' });
    expect(await run('left', 'open("a.txt").read()')).toMatchObject({ result: "'a'", session: 'continued' });
  });

  test('has its files after its service was killed, and what it removed is gone', async () => {
    await run(
      'kept',
      'import os\nos.makedirs("d/e")\nopen("d/e/a.bin", "wb").write(bytes(3 * 2**20))\nopen("b", "w").write("b")',
    );
    await run('kept', 'open("b", "w").write("changed"); open("c", "w").write("c")', {
      files: [{ path: 'given', content: 'g' }],
    });
    await run('kept', 'os.remove("c")');
    sandbox.kill('SIGKILL');
    await sandbox.exited;
    sandbox = await start();
    expect((await of('/sessions/kept')).body).toMatchObject({
      status: 'stored',
      files: 3,
      size_bytes: 3 * 2 ** 20 + 8,
    });
    const again = await run(
      'kept',
      'import os\nsorted(os.listdir()), os.path.getsize("d/e/a.bin"), open("b").read(), open("given").read()',
    );
    expect(again).toMatchObject({
      session: 'restored',
      result: `(['b', 'd', 'given'], ${3 * 2 ** 20}, 'changed', 'g')`,
      artifacts: [],
    });
    expect((await run('kept', 'x = 1')).session).toBe('continued');
  });

  test('is described, ended and forgotten by its id', async () => {
    expect((await of('/sessions/none')).status).toBe(404);
    await run('mine', 'open("a", "w").write("a")');
    expect((await of('/sessions/mine')).body).toMatchObject({
      session_id: 'mine',
      status: 'idle',
      files: 1,
      size_bytes: 1,
    });
    expect(await of('/sessions/mine', 'DELETE')).toMatchObject({ status: 200, body: { status: 'ended' } });
    expect((await of('/sessions/mine', 'DELETE')).status).toBe(404);
    expect(await run('mine', 'import os; os.listdir()')).toMatchObject({ result: '[]', session: 'new' });
  });

  test('has snapshots, which another one begins with', async () => {
    await run('origin', 'open("a", "w").write("first")');
    const { body } = await of('/sessions/origin/snapshots', 'POST');
    expect(body).toMatchObject({ session_id: 'origin', files: 1, size_bytes: 5 });
    await run('origin', 'open("a", "w").write("second")');
    expect((await of('/sessions/origin/snapshots')).body.snapshots).toMatchObject([{ snapshot_id: body.snapshot_id }]);
    expect((await of(`/sessions/other/restore?snapshot=${body.snapshot_id}`, 'POST')).status).toBe(200);
    expect(await run('other', 'open("a").read()')).toMatchObject({ result: "'first'", session: 'restored' });
    expect((await of(`/sessions/origin/restore?snapshot=${body.snapshot_id}`, 'POST')).status).toBe(200);
    expect((await run('origin', 'open("a").read()')).result).toBe("'first'");
    expect((await of(`/snapshots/${body.snapshot_id}`, 'DELETE')).status).toBe(200);
    expect((await of(`/sessions/other/restore?snapshot=${body.snapshot_id}`, 'POST')).status).toBe(404);
    expect((await of('/sessions/empty/snapshots', 'POST')).status).toBe(404);
  });

  test('keeps no link, no device and no name that leads out of it', async () => {
    const code = `
import contextlib, os, socket
os.symlink("/etc/passwd", "link")
os.symlink("/", "root")
with contextlib.suppress(OSError): os.mkfifo("pipe")
with contextlib.suppress(OSError): socket.socket(socket.AF_UNIX).bind("socket")
os.makedirs("folder"); os.symlink("../..", "folder/up")
open("a\\nb\\\\c", "w").write("odd")
with contextlib.suppress(OSError): os.chmod("a\\nb\\\\c", 0o7777)
os.link("a\\nb\\\\c", "hard")`;
    expect(await run('odd', code)).toMatchObject({ status: 'success', error: null });
    sandbox.kill('SIGKILL');
    await sandbox.exited;
    sandbox = await start();
    const again = await run('odd', 'import os\nsorted((n, oct(os.lstat(n).st_mode)) for n in os.listdir())');
    expect(again.result).toMatch(/^\[\('a\\nb\\\\c', '0o1006[0-9]{2}'\), \('hard', '0o1006[0-9]{2}'\)\]$/);
  });
});
