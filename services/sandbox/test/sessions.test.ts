import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';

// Real processes are started, ended and waited for.
jest.setTimeout(240_000);

const end = (sandbox: Sandbox, id: string) => request(`${sandbox.url}/sessions/${id}`, { method: 'DELETE' });

describe.each(PYTHON_LEVELS)('a session, Python in %s:', (level) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({
      SANDBOX_ISOLATION: level,
      SANDBOX_MAX_SESSIONS: '12',
      SANDBOX_SESSION_IDLE_MS: '60000',
    });
  }, 240_000);
  afterAll(() => sandbox.stop());
  const inSession =
    (session_id: string) =>
    (code: string, more: object = {}) =>
      sandbox.run({ code, session_id, ...more });

  test('a session keeps variables, functions, imports and files', async () => {
    const run = inSession('keeps');
    await run('import math\nx = [1]\ndef double(n): return n * 2\nopen("kept.txt", "w").write("here")');
    expect(await run('x.append(double(math.floor(2.5)))\nx, open("kept.txt").read()')).toMatchObject({
      status: 'success',
      result: "([1, 4], 'here')",
      artifacts: [],
    });
  });

  test('a session goes on after an error and after an exit, with what there was', async () => {
    const run = inSession('goes-on');
    expect(await run('x = 1\n1 / 0')).toMatchObject({ status: 'error', error: { type: 'ZeroDivisionError' } });
    expect(await run('import sys\nx += 1\nsys.exit(3)')).toMatchObject({ status: 'error', exit_code: 3 });
    expect(await run('x')).toMatchObject({ status: 'success', result: '2' });
  });

  test('a traceback shows the lines of the program that it is of', async () => {
    const run = inSession('lines');
    await run('def fail():\n    raise ValueError("first")');
    const { error } = await run('x = 1\nfail()');
    expect(error.traceback).toMatch(/File "main\.py#2", line 2, in <module>\n    fail\(\)\n/);
    expect(error.traceback).toMatch(/File "main\.py", line 2, in fail\n    raise ValueError\("first"\)\n/);
  });

  test('a session gives each call its own output, input and files', async () => {
    const run = inSession('own');
    expect(await run('print("one"); open("a", "w").write("1")')).toMatchObject({
      stdout: 'one\n',
      artifacts: [{ path: 'a' }],
    });
    const second = await run('print("two", input()); open("b", "w").write("2")', { stdin: 'given' });
    expect(second).toMatchObject({ stdout: 'two given\n', artifacts: [{ path: 'b' }] });
    expect((await run('print(open("c").read())', { files: [{ path: 'c', content: 'see' }] })).stdout).toBe('see\n');
  });

  test('a session queues its calls', async () => {
    const run = inSession('queues');
    await run('order = []');
    const calls = [0.3, 0.1, 0].map((seconds, i) => run(`import time; time.sleep(${seconds}); order.append(${i})`));
    await Promise.all(calls);
    expect((await run('order')).result).toBe('[0, 1, 2]');
  });

  test('a session never sees another', async () => {
    await inSession('one')('secret = 1\nimport builtins; builtins.leak = 1\nopen("/tmp/leak", "w").write("x")');
    const code =
      'import os, builtins; "secret" in globals(), hasattr(builtins, "leak"), os.path.exists("/tmp/leak"), os.listdir(".")';
    expect((await inSession('another')(code)).result).toBe('(False, False, False, [])');
    expect((await sandbox.run({ code })).result).toBe('(False, False, False, [])');
  });

  test('a session says whether it goes on after a program that has to be stopped', async () => {
    const run = inSession('stopped');
    await run('x = 1');
    const stopped = await run('while True: pass', { timeout_ms: 300 });
    expect(stopped).toMatchObject({
      status: 'timeout',
      error: {
        message: expect.stringContaining(level === 'namespaces' ? 'its session goes on' : 'its session has ended'),
      },
    });
    const after = level === 'namespaces' ? { result: '1' } : { status: 'error', error: { type: 'NameError' } };
    expect(await run('x')).toMatchObject(after);
  });

  test('a session ends with its process', async () => {
    const run = inSession('left');
    await run('x = 1');
    expect((await run('import os; os._exit(1)')).status).not.toBe('success');
    expect(await run('x')).toMatchObject({ status: 'error' });
  });

  test('a session is ended by its caller', async () => {
    const run = inSession('ended');
    await run('x = 1');
    expect(await end(sandbox, 'ended')).toMatchObject({ status: 200, body: { session_id: 'ended', status: 'ended' } });
    expect(await end(sandbox, 'ended')).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    expect((await run('x')).status).toBe('error');
  });

  test('a session keeps to its language', async () => {
    await inSession('python')('1');
    expect(await sandbox.execute({ code: '1', language: 'javascript', session_id: 'python' })).toMatchObject({
      status: 422,
      body: { error: { code: 'invalid_arguments', details: [{ path: 'language' }] } },
    });
  });

  test('a session has a plain name', async () => {
    for (const session_id of ['', 'a b', '../x', 'x'.repeat(65)]) {
      expect((await sandbox.execute({ code: '1', session_id })).status).toBe(422);
    }
  });
});

describe('sessions', () => {
  test('programs in JavaScript and TypeScript share a session', async () => {
    const sandbox = await startSandbox();
    await sandbox.run({
      code: 'const x = 1; let y = 2; function f() { return x + y; }',
      language: 'javascript',
      session_id: 's',
    });
    const second = { code: 'y = 40; const z: number = f(); z + 1', language: 'typescript', session_id: 's' };
    expect(await sandbox.run(second)).toMatchObject({ status: 'success', result: '42' });
    await sandbox.stop();
  });

  test('sessions are limited in number, and end when idle', async () => {
    const sandbox = await startSandbox({ SANDBOX_MAX_SESSIONS: '1', SANDBOX_SESSION_IDLE_MS: '1000' });
    const call = (session_id: string) => sandbox.execute({ code: 'x = 1', language: 'javascript', session_id });
    expect((await call('a')).status).toBe(200);
    const refused = await call('b');
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(refused.headers.get('retry-after')).toBe('1');
    await until(async () => (await call('b')).status === 200);
    await sandbox.stop();
  });
});

describe('output', () => {
  test.each([...PYTHON_LEVELS, 'javascript'])('output of %s is streamed while the program runs', async (level) => {
    const sandbox = await startSandbox(level === 'javascript' ? {} : { SANDBOX_ISOLATION: level });
    const isScript = level === 'javascript';
    const stream = (code: string) =>
      fetch(`${sandbox.url}/tools/execute_code/stream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ arguments: { code, language: isScript ? 'javascript' : 'python' } }),
      });
    const endless = await stream(
      isScript
        ? 'console.log("first"); await new Promise((done) => setTimeout(done, 60_000))'
        : 'import time\nprint("first"); time.sleep(60)',
    );
    let received = '';
    for await (const piece of endless.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      received += piece;
      if (received.includes('"stream":"stdout","text":"first')) break;
    }
    expect(received).toContain('"stream":"stdout","text":"first');
    expect(received).not.toContain('event: result');

    const code = isScript
      ? 'console.log("first"); console.error("last")'
      : 'import sys\nprint("first"); print("last", file=sys.stderr)';
    const whole = await (await stream(code)).text();
    expect(whole).toContain('"stream":"stderr","text":"last');
    expect(whole).toMatch(/event: result\ndata: .*"status":"success".*event: done/s);
    await sandbox.stop();
  });
});
