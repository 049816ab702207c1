import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { findJail } from '../src/jail/find-jail.ts';
import { compileWorker } from '../src/runtimes/jailed/compiled-worker.ts';
import type { ExecutedInterpreter } from '../src/runtimes/jailed/interpreter.ts';
import { createJailedRuntime, type JailedHost } from '../src/runtimes/jailed/runtime.ts';
import type { Runtime } from '../src/runtimes/runtime.ts';
import { ARTIFACT_LIMITS } from '../src/workers/protocol.ts';
import { startWorker, type WorkerProcess } from '../src/workers/worker-process.ts';
import { sinkInto, toSend } from './javascript-worker.ts';
import { cacheFor, PYTHON_LEVELS } from './sandbox.ts';

jest.setTimeout(240_000);

/** One that knows nothing of us, as bash is. */
const PLAIN: ExecutedInterpreter = {
  command: ['/usr/bin/bash', '{file}'],
  environment: { GREETING: 'hello' },
  version: '5',
  takes: 'file',
  name: 'main.sh',
};

/** One that is started ahead and takes the paths of programs, which share its variables. */
const BY_PATH: ExecutedInterpreter = {
  ...PLAIN,
  command: [
    '/usr/bin/bash',
    '-c',
    [
      String.raw`printf 'w\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >&5`,
      'while IFS= read -r -u 3 program; do',
      '  . "$program"; printf \'{"exit_code": %d}\\n\' $? >&4; printf . >&5',
      'done',
    ].join('\n'),
  ],
  takes: 'path',
};

/** One that is started ahead and takes JSON. */
const BY_ORDERS: ExecutedInterpreter = {
  command: [
    '/usr/bin/python3',
    '-I',
    '-c',
    [
      'import json, os, struct, sys',
      'os.write(5, b"w" + struct.pack(">Qdd", 0, 0, 0))',
      'names, orders = {}, open(3, "rb")',
      'while True:',
      '    order = json.loads(orders.read(struct.unpack(">I", orders.read(4))[0]))',
      '    error = None',
      '    try:',
      '        exec(order["code"], names)',
      '    except Exception as failure:',
      '        error = {"type": type(failure).__name__, "message": str(failure), "traceback": ""}',
      '    sys.stdout.flush()',
      '    report = {"result": order["language"], "error": error, "exit_code": 0 if error is None else 1}',
      '    os.write(4, json.dumps(report).encode() + b"\\n")',
      '    if not order["keep"]:',
      '        sys.exit(report["exit_code"])',
      '    os.write(5, b".")',
    ].join('\n'),
  ],
  environment: {},
  version: '3',
  takes: 'orders',
};

const renewal = { workers: 100, ms: 60_000 };

const describeJailed = PYTHON_LEVELS.includes('namespaces') ? describe : describe.skip;

describeJailed.each([
  ['a launcher', true],
  ['bubblewrap', false],
])('an interpreter in a jail that %s makes', (_name, isLaunched) => {
  const cache = cacheFor({});
  const runtimes: Runtime[] = [];
  const workers: WorkerProcess[] = [];
  let host: JailedHost;
  beforeAll(async () => {
    const found = await findJail({ cacheDirectory: cache, bwrap: 'bwrap', python: '/usr/bin/python3' });
    if ('reason' in found || 'reason' in found.python) throw new Error(`no jail: ${JSON.stringify(found)}`);
    const { python } = found;
    const compiled = await compileWorker(cache, python);
    host = { found, python, compiled, packagesDirectory: join(cache, 'packages'), renewal };
  });
  afterAll(async () => {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ gone }) => gone));
    for (const runtime of runtimes) runtime.close?.();
    rmSync(cache, { recursive: true, force: true });
  });

  const open = async (interpreter: ExecutedInterpreter): Promise<WorkerProcess> => {
    const runtime = createJailedRuntime({ name: 'tried', languages: ['python'], interpreter }, host, { isLaunched });
    runtimes.push(runtime);
    const worker = await startWorker(runtime.worker());
    workers.push(worker);
    return worker;
  };
  const run = async (worker: WorkerProcess, code: string, more: object = {}) => {
    const program = { language: 'python', code, stdin: btoa('typed\n'), memory_bytes: 2 ** 28, keep: false };
    const artifacts: Record<string, string> = {};
    const ended = await worker.run(
      { ...program, artifact_limits: ARTIFACT_LIMITS, ...more },
      {
        timeoutMs: 20_000,
        outputBytes: 65_536,
        signal: new AbortController().signal,
        files: [toSend('in.txt', Buffer.from('given'))],
        sink: sinkInto(artifacts),
      },
    );
    if (ended.ending.kind !== 'report') throw new Error(`no report: ${JSON.stringify(ended)}`);
    return { ...ended.ending.report, artifacts, stdout: ended.stdout.text, stderr: ended.stderr.text };
  };

  test('a plain one gets the program as a file, and its exit code is the report', async () => {
    const worker = await open(PLAIN);
    expect(worker.version).toBe('5');
    const code = 'read line; echo "$GREETING $line $(cat in.txt) $0"; echo bad >&2; echo made > out.txt; exit 3';
    expect(await run(worker, code)).toMatchObject({
      stdout: 'hello typed given /tmp/program/main.sh\n',
      stderr: 'bad\n',
      exit_code: 3,
      result: null,
      error: { type: 'SystemExit', message: '3' },
      artifacts: { 'out.txt': 'made\n' },
    });
  });

  test('a plain one that is ended by a signal says so', async () => {
    expect(await run(await open(PLAIN), 'kill -SEGV $$')).toMatchObject({ exit_code: null, signal: 'SIGSEGV' });
  });

  test('the files of a session are there for the next program of a plain one', async () => {
    const worker = await open(PLAIN);
    expect(await run(worker, 'echo kept > kept.txt', { keep: true })).toMatchObject({ over: false, exit_code: 0 });
    expect(await run(worker, 'cat kept.txt', { keep: true })).toMatchObject({ over: false, stdout: 'kept\n' });
  });

  test('one that takes paths keeps its variables', async () => {
    const worker = await open(BY_PATH);
    expect(await run(worker, 'x=41; read line; echo "$line"', { keep: true })).toMatchObject({ stdout: 'typed\n' });
    expect(await run(worker, 'echo $((x + 1)); false', { keep: true })).toMatchObject({ stdout: '42\n', exit_code: 1 });
    expect(await run(worker, 'exit 4', { keep: true })).toMatchObject({ exit_code: 4, restarted: true });
    expect(await run(await open(BY_PATH), 'echo once; false')).toMatchObject({
      stdout: 'once\n',
      exit_code: 1,
      over: true,
    });
  });

  test('one that takes orders reports results and errors, once and in sessions', async () => {
    const code = 'print("é", input())';
    expect(await run(await open(BY_ORDERS), code)).toMatchObject({
      result: 'python',
      stdout: 'é typed\n',
      exit_code: 0,
    });
    const worker = await open(BY_ORDERS);
    expect(await run(worker, 'x = 1', { keep: true })).toMatchObject({ error: null, over: false });
    const failed = await run(worker, 'x / 0', { keep: true });
    expect(failed).toMatchObject({ error: { type: 'ZeroDivisionError' }, exit_code: 1, over: false });
    const large = await run(worker, `print(len(${JSON.stringify('y'.repeat(200_000))}) + x)`, { keep: true });
    expect(large).toMatchObject({ stdout: '200001\n' });
  });

  test('an exec’d one has nothing but its streams, and is jailed as any', async () => {
    const probe = `
import os
def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False
def refused(action):
    try:
        action()
    except OSError as error:
        return error.errno
print([fd for fd in range(256) if is_open(fd)], os.getpid(), os.getppid(), refused(lambda: os.chroot("/")),
    refused(lambda: open("/usr/x", "w")), os.listdir("/proc"))
`;
    expect(await run(await open(BY_ORDERS), probe)).toMatchObject({
      stdout: '[0, 1, 2, 3, 4, 5, 6] 2 1 1 30 []\n',
      error: null,
    });
  });
});
