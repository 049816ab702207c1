import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { contentOf, PYTHON_LEVELS, type Sandbox, startSandbox } from './sandbox.ts';

const IS_JAILED = PYTHON_LEVELS.includes('namespaces');

let sandbox: Sandbox;
const run = (program: object) => sandbox.run(program);
const execute = (program: object) => sandbox.execute(program);
const file = (path: string) => ({ path, content: '' });

describe.each(PYTHON_LEVELS)('Python in %s:', (level) => {
  beforeAll(async () => {
    sandbox = await startSandbox({ SANDBOX_ISOLATION: level });
  }, 240_000);
  afterAll(() => sandbox.stop());

  describe('POST /execute', () => {
    test('answers with the whole result object', async () => {
      expect(await run({ code: 'print("hello")\n6 * 7' })).toEqual({
        status: 'success',
        stdout: 'hello\n',
        stderr: '',
        exit_code: 0,
        signal: null,
        result: '42',
        error: null,
        artifacts: [],
        display_data: [],
        truncated: { stdout: false, stderr: false, artifacts: false, display_data: false },
        duration_ms: expect.any(Number),
        cpu_ms: expect.any(Number),
        peak_memory_bytes: expect.any(Number),
        runtime: {
          language: 'python',
          version: expect.stringMatching(/^3\.\d+\.\d+$/),
          isolation: level,
          jailed: IS_JAILED,
        },
        packages: [],
      });
    });

    test('POST /execute is the tool execute_code, with a text for models', async () => {
      const { body } = await post(`${sandbox.url}/tools/execute_code`, { arguments: { code: 'print(1)\n1/0' } });
      expect(body).toMatchObject({ tool: 'execute_code', is_error: true, structured_content: { status: 'error' } });
      expect(body.content[0].text).toMatch(/^status: error \(exit code 1\)\nstdout:\n1\nstderr:\n.*ZeroDivisionError/s);
    });

    const refusals: [string, object, string][] = [
      ['no code', {}, 'code'],
      ['empty code', { code: '' }, 'code'],
      ['too much code', { code: 'é'.repeat(131_073) }, 'code'],
      ['an unknown language', { code: '1', language: 'cobol' }, 'language'],
      ['too little time', { code: '1', timeout_ms: 99 }, 'timeout_ms'],
      ['too much memory', { code: '1', memory_mb: 2_049 }, 'memory_mb'],
      ['a path upwards', { code: '1', files: [{ path: '../x', content: '' }] }, 'files[0].path'],
      ['an absolute path', { code: '1', files: [{ path: '/etc/passwd', content: '' }] }, 'files[0].path'],
      ['a path with a NUL', { code: '1', files: [{ path: 'a\0b', content: '' }] }, 'files[0].path'],
      ['broken base64', { code: '1', files: [{ path: 'x', content: '$', encoding: 'base64' }] }, 'files[0].content'],
      ['one path twice', { code: '1', files: [file('x'), file('x')] }, 'files'],
      ['too many files', { code: '1', files: Array.from({ length: 21 }, (_, i) => file(`f${i}`)) }, 'files'],
      ['an argument that it does not know', { code: '1', network: true }, 'network'],
    ];
    test.each(refusals)('refuses %s, naming it', async (_name, program, path) => {
      const { status, body } = await execute(program);
      expect(status).toBe(422);
      expect(body.error.code).toBe('invalid_arguments');
      expect(body.error.details).toEqual([expect.objectContaining({ path })]);
    });

    test('shows its isolation at /health and its pools at /ready and /metrics', async () => {
      const isolation = level === 'namespaces' ? level : 'isolate';
      const inJavaScript = { javascript: isolation, typescript: isolation };
      const { body: health } = await request(`${sandbox.url}/health`);
      expect(health).toMatchObject({
        isolation: { python: level, ...inJavaScript },
        jailed: { python: IS_JAILED, javascript: IS_JAILED, typescript: IS_JAILED },
      });
      const { body: ready } = await request(`${sandbox.url}/ready`);
      expect(Object.keys(ready.checks)).toEqual(expect.arrayContaining(['python', 'javascript', 'typescript']));
      expect(ready.checks.python).toMatchObject({ status: IS_JAILED ? 'ok' : 'degraded' });
      const { body: metrics } = await request(`${sandbox.url}/metrics`);
      expect(metrics).toMatch(/^sandbox_executions_total\{language="python",status="success"\} [1-9]/m);
      expect(metrics).toMatch(/^sandbox_execution_duration_seconds_count\{language="python"\} [1-9]/m);
      expect(metrics).toMatch(/^sandbox_workers\{language="javascript",state="(idle|starting)"\} \d/m);
    });
  });

  describe('a program', () => {
    const values: [string, string | null][] = [
      ['1 + 1', '2'],
      ['"text"', "'text'"],
      ['x = 5', null],
      ['None', null],
      ['[i * i for i in range(4)]', '[0, 1, 4, 9]'],
      ['def f(n):\n    return n * 2\n\nf(21)', '42'],
      ['import asyncio\nawait asyncio.sleep(0.01)\n"awaited"', "'awaited'"],
      ['import asyncio\nasync def main():\n    await asyncio.sleep(0.01)\n    return 7\nasyncio.run(main())', '7'],
      ['__name__', "'__main__'"],
      ['import json, math, re, datetime, sqlite3\njson.dumps({"pi": round(math.pi, 2)})', '\'{"pi": 3.14}\''],
      ['from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(1)', 'P(x=1)'],
    ];
    test.each(values)('%s is %s', async (code, result) => {
      expect(await run({ code })).toMatchObject({ status: 'success', result, error: null, exit_code: 0 });
    });

    test('shows the traceback of the user’s own lines', async () => {
      const { error, stderr, status, exit_code } = await run({
        code: 'import json\n\ndef load(text):\n    return json.loads(text)\n\nload("{")',
      });
      expect({ status, exit_code, type: error.type }).toEqual({
        status: 'error',
        exit_code: 1,
        type: 'JSONDecodeError',
      });
      expect(error.traceback).toContain('File "main.py", line 6, in <module>');
      expect(error.traceback).toContain('File "main.py", line 4, in load');
      expect(error.traceback).not.toMatch(/lib\/|<runner>|_pyodide/);
      expect(stderr).toBe(error.traceback);
    });

    test('points at a syntax error', async () => {
      const { error } = await run({ code: 'x = 1\nif x\n  pass' });
      expect(error).toMatchObject({ type: 'SyntaxError', traceback: expect.stringContaining('line 2') });
    });

    const endings: [string, object][] = [
      ['import sys; sys.exit(3)', { status: 'error', exit_code: 3, error: { type: 'SystemExit' } }],
      ['import sys; sys.exit()', { status: 'success', exit_code: 0, error: null }],
      ['import sys; sys.exit("bye")', { status: 'error', exit_code: 1, stderr: 'bye\n' }],
      ['import os; os._exit(4)', { status: 'error', exit_code: 4 }],
      ['import os; os.abort()', { status: 'killed', exit_code: null, signal: 'SIGABRT' }],
      ['x = bytearray(10 ** 9)', { status: 'out_of_memory', error: { type: 'MemoryError' } }],
      ['x = []\nwhile True: x.append(bytearray(10 ** 6))', { status: 'out_of_memory' }],
      [
        'import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): f()\nf()',
        { status: expect.stringMatching(/^(killed|out_of_memory)$/) },
      ],
      ['def f(): f()\nf()', { status: 'error', error: { type: 'RecursionError' } }],
      ['raise KeyboardInterrupt', { status: 'error', exit_code: 130 }],
      [
        'class E(Exception):\n    def __str__(self): raise ValueError\nraise E',
        { status: 'error', error: { type: 'E' } },
      ],
      [
        'class R:\n    def __repr__(self): raise ValueError("no")\nR()',
        { status: 'error', error: { type: 'ValueError' } },
      ],
      ['import atexit\natexit.register(lambda: print("late"))', { status: 'success', stdout: 'late\n' }],
    ];
    test.each(endings)('%s', async (code, expected) => {
      expect(await run({ code, memory_mb: 64 })).toMatchObject(expected);
    });

    test('a program is stopped at its time, with what it had printed', async () => {
      const started = performance.now();
      const result = await run({ code: 'print("begun", end="")\nwhile True: pass', timeout_ms: 500 });
      expect(performance.now() - started).toBeLessThan(20_000);
      expect(result).toMatchObject({
        status: 'timeout',
        stdout: 'begun',
        exit_code: null,
        signal: 'SIGKILL',
        error: { type: 'Timeout', message: expect.stringMatching(/^The program was stopped after 500 ms/) },
      });
      expect(result.cpu_ms).toBeGreaterThan(0);
    });

    test('sleeps without burning time', async () => {
      const { cpu_ms, duration_ms } = await run({ code: 'import time\ntime.sleep(0.8)' });
      expect(duration_ms).toBeGreaterThan(790);
      expect(cpu_ms).toBeLessThan(400);
    });

    test('reads its standard input to the end', async () => {
      const code = 'import sys\nfirst = input()\nrest = sys.stdin.read()\nprint(first, len(rest))\ninput()';
      const { stdout, error } = await run({ code, stdin: 'héllo\nworld\n' });
      expect(stdout).toBe('héllo 6\n');
      expect(error.type).toBe('EOFError');
    });

    test('finds the files it was given and leaves those it made', async () => {
      const files = [
        { path: 'data/in.csv', content: 'a,b\n1,2\n' },
        { path: 'raw.bin', content: 'AP8=', encoding: 'base64' },
        { path: 'helper.py', content: 'def double(n): return n * 2' },
      ];
      const code =
        'import os, helper\nrows = open("data/in.csv").read().splitlines()\n' +
        'open("data/out.csv", "w").write(rows[1] * helper.double(1))\n' +
        'open("raw.bin", "ab").write(b"\\x01")\nos.makedirs("empty")\nlist(open("raw.bin", "rb").read())';
      const { result, artifacts } = await run({ code, files });
      expect(result).toBe('[0, 255, 1]');
      expect(artifacts.map(({ path }: { path: string }) => path)).toEqual(['raw.bin', 'data/out.csv']);
      expect(artifacts[1]).toMatchObject({ mime_type: 'text/csv', size_bytes: 6 });
      expect(contentOf(artifacts[1])).toBe('1,21,2');
    });

    test('returns at most twenty files of eight megabytes together', async () => {
      const many = await run({ code: 'for i in range(25): open(f"{i:02}.txt", "w").write("x")' });
      expect(many.artifacts).toHaveLength(20);
      expect(many.truncated.artifacts).toBe(true);
      const large = await run({ code: 'open("large", "wb").write(bytes(9 * 2 ** 20))\nopen("small", "w").write("x")' });
      expect(large.artifacts).toMatchObject([
        { path: 'large', size_bytes: 9 * 2 ** 20 },
        { path: 'small', data: 'eA==' },
      ]);
      expect(large.artifacts[0]).not.toHaveProperty('data');
      expect(large.truncated.artifacts).toBe(true);
    });

    test('random numbers differ from run to run', async () => {
      const [one, two] = [
        await run({ code: 'import random; random.random()' }),
        await run({ code: 'import random; random.random()' }),
      ];
      expect(one.result).not.toBe(two.result);
    });
  });

  describe('output', () => {
    test('output beyond 64 KiB keeps its beginning and its end', async () => {
      const { status, stdout, truncated } = await run({ code: 'for i in range(100000): print(f"line {i}")' });
      expect(status).toBe('success');
      expect(truncated).toMatchObject({ stdout: true, stderr: false });
      expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(65_536);
      expect(stdout).toMatch(/^line 0\nline 1\n.*\n\[\.\.\. \d+ bytes left out \.\.\.\]\n.*\nline 99999\n$/s);
    });

    test('output that never ends is cut, and does not end the program before its time', async () => {
      const { status, stdout, duration_ms } = await run({ code: 'while True: print("x" * 1000)', timeout_ms: 1_000 });
      expect(status).toBe('timeout');
      expect(duration_ms).toBeGreaterThan(990);
      expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(65_536);
    });

    test('output that is not UTF-8 is readable', async () => {
      const { stdout } = await run({ code: 'import sys\nsys.stdout.buffer.write(b"ok \\xff\\xfe \\xe2\\x82")' });
      expect(stdout).toBe('ok \uFFFD\uFFFD \uFFFD');
      const { stdout: noise } = await run({ code: 'import sys\nsys.stdout.buffer.write(b"\\xff" * 100000)' });
      expect(Buffer.byteLength(noise)).toBeLessThanOrEqual(65_536);
    });

    test('output of lone surrogates does no harm', async () => {
      expect(await run({ code: 'print("\\ud800")' })).toMatchObject({ status: 'success', stdout: '\\ud800\n' });
    });
  });

  describe('isolation', () => {
    test.each([
      'import os; dict(os.environ), os.listdir("/"), os.path.exists("/etc/passwd")',
      'import js; [name for name in dir(js) if name in ("process", "require", "fetch")]',
      'import urllib.request; urllib.request.urlopen("http://127.0.0.1:8001/health", timeout=2)',
      'import socket; socket.create_connection(("127.0.0.1", 22), 1)',
      'import subprocess; subprocess.run(["id"])',
      'import os; os.system("id")',
      'import pyodide_js; pyodide_js.runPython("1"); pyodide_js._module.constructor.constructor("return this.process")()',
      'from pyodide.code import run_js; run_js("globalThis.process?.env")',
      'from pyodide.code import run_js; run_js("import(\'node:fs\')")',
    ])('%s', async (code) => {
      const answer = JSON.stringify(await run({ code, language: 'python', timeout_ms: 3_000 }));
      expect(answer).not.toMatch(/canary-of-the-service|uid=0|root:|node_modules|services\/sandbox|"PATH"/);
      expect(await run({ code: '1', language: 'python' })).toMatchObject({ status: 'success', result: '1' });
    });

    test('nothing of one run is left for the next', async () => {
      await run({
        code: 'open("/tmp/mark", "w").write("x")\nopen("mark", "w").write("x")\nimport builtins; builtins.mark = 1',
      });
      const { result } = await run({
        code: 'import os, builtins; os.path.exists("/tmp/mark"), os.listdir("."), hasattr(builtins, "mark")',
      });
      expect(result).toBe('(False, [], False)');
    });
  });
});
