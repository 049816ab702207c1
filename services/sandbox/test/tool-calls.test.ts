import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { canJail } from '@toolmesh/shared/test-kit/can-jail';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { withHint } from '../src/execution/error-hints.ts';
import { whyNoTools } from '../src/tool-calls/calling-languages.ts';
import { serveHubOfTools } from './hub-of-tools.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

jest.setTimeout(240_000);

let hub: Awaited<ReturnType<typeof serveHubOfTools>>;
let sandbox: Sandbox;
beforeAll(async () => {
  hub = await serveHubOfTools();
  sandbox = await startSandbox({ MCP_SERVER_URL: hub.url, MIN_WORKERS: '1', SANDBOX_MAX_TOOL_CALLS: '20' });
});
afterAll(async () => {
  await sandbox?.stop();
  await hub?.close();
});

const run = (code: string, more: object = {}) => sandbox.run({ code, tools: true, timeout_ms: 60_000, ...more });

(canJail() ? describe : describe.skip)('a program of Python in a jail', () => {
  test('calls tools, and gets values', async () => {
    const result = await run(
      [
        'from toolmesh import tools, ToolError',
        'print(tools.add(a=2, b=3), tools.add(4)["sum"], tools.add({"a": 1, "b": 2 ** 40}))',
        'print(tools["git-status"](**{"from": "x"}), tools.git_status(from_="y"), tools.git_status("z"))',
        'try: tools.fail()',
        'except ToolError as error: print(error, error.tool)',
        'try: tools.ad(a=1)',
        'except ToolError as error: print(error)',
        'try: tools.add()',
        'except ToolError as error: print(error)',
      ].join('\n'),
    );
    expect(result.stderr).toBe('');
    expect(result.stdout.split('\n')).toEqual([
      "{'sum': 5} 5 {'sum': 1099511627777}",
      "{'clean': True, 'from': 'x'} {'clean': True, 'from': 'y'} {'clean': True, 'from': 'z'}",
      'it is broken fail',
      expect.stringMatching(/^There is no tool named "ad"; did you mean add\b/),
      expect.stringContaining('a: '),
      '',
    ]);
    const names = ['add', 'add', 'add', 'git-status', 'git_status', 'git_status', 'fail', 'ad', 'add'];
    const statuses = ['success', 'success', 'success', 'success', 'success', 'success', 'error', 'refused', 'refused'];
    expect(result.tool_calls).toEqual(
      names.map((name, i) => ({ name, status: statuses[i], duration_ms: expect.any(Number) })),
    );
    expect(hub.called.at(-1)?.baggage).toBe('toolmesh.program_depth=1');
  });

  test('sees what there is', async () => {
    const result = await run(
      'from toolmesh import tools\nhelp(tools.add)\nprint(dir(tools), len(tools), "add" in tools)\nprint(tools.list()[0])',
    );
    expect(result.stdout).toContain('add(*, a: float, b: float = 1) -> dict');
    expect(result.stdout).toContain("'git_status'");
    expect(result.stdout).toContain("{'name': 'add', 'description': 'Adds two numbers.'}");
  });

  test('calls several at once, from coroutines and from threads', async () => {
    const result = await run(
      [
        'import asyncio, time',
        'from concurrent.futures import ThreadPoolExecutor',
        'from toolmesh import tools, async_tools',
        'a = await asyncio.gather(*(async_tools.wait(ms=300) for _ in range(4)), tools.wait.aio(ms=200))',
        'with ThreadPoolExecutor(4) as pool: b = list(pool.map(lambda ms: tools.wait(ms=ms)["waited"], [300, 200, 100, 50]))',
        'async def both(): return await async_tools.add(a=1), tools.add(a=2)',
        'print(len(a), b, asyncio.run(both()) if False else await both())',
      ].join('\n'),
    );
    expect(result.stdout).toBe("5 [300, 200, 100, 50] ({'sum': 2}, {'sum': 3})\n");
    expect(hub.mostRunning()).toBeGreaterThan(1);
  });

  test('is told how to get tools where it was given none', async () => {
    for (const tools of [undefined, false, []]) {
      const result = await run('from toolmesh import tools', { tools });
      expect(result.error).toMatchObject({
        type: 'ImportError',
        message: 'This program was given no tools: pass tools: true, or a list of names, to execute_code',
      });
    }
  });

  test('may call those alone that it was given', async () => {
    const result = await run(
      'from toolmesh import tools\nprint(list(tools), tools.add(a=1))\ntools.git_status(from_="x")',
      { tools: ['add'] },
    );
    expect(result.stdout).toBe("['add'] {'sum': 2}\n");
    expect(result.error.message).toContain('git_status is not among the tools that this program may call');
    expect(result.tool_calls.at(-1)).toMatchObject({ name: 'git_status', status: 'refused' });
    const { status, body } = await sandbox.execute({ code: '1', tools: ['ad', 'add'] });
    expect(status).toBe(422);
    expect(body.error.message).toMatch(
      /^Arguments of execute_code: tools\.0: there is no tool named "ad"; did you mean add/,
    );
  });

  test('has a limit of calls, of what it sends and of what it gets', async () => {
    const many = await run('from toolmesh import tools\nfor i in range(30): tools.add(a=i)');
    expect(many.error.message).toContain('A program may call tools 20 times (SANDBOX_MAX_TOOL_CALLS)');
    expect(many.tool_calls).toHaveLength(20);
    const large = await run(
      'from toolmesh import tools, ToolError\nfor call in (lambda: tools.git_status("x" * 2_000_000), lambda: tools.big(length=5_000_000)):\n' +
        '  try: call()\n  except ToolError as error: print(error)\nprint(len(tools.big(length=3_000_000)["text"]))',
    );
    expect(large.stdout.split('\n')).toEqual([
      expect.stringContaining('a call takes 1000000'),
      expect.stringContaining('a program can take 4 MiB from one call'),
      '3000000',
      '',
    ]);
  });

  test('takes its calls with it, when it ends, is stopped, or is abandoned', async () => {
    const before = hub.cancelled();
    const background = await run(
      'import threading\nfrom toolmesh import tools\nthreading.Thread(target=lambda: tools.wait(ms=60000), daemon=True).start()\n' +
        'import time; time.sleep(0.5)',
    );
    expect(background.tool_calls).toEqual([{ name: 'wait', status: 'cancelled', duration_ms: expect.any(Number) }]);
    const late = await run('from toolmesh import tools\ntools.wait(ms=60000)', { timeout_ms: 1_000 });
    expect(late).toMatchObject({ status: 'timeout', tool_calls: [{ name: 'wait', status: 'cancelled' }] });
    expect(late.cpu_ms).toBeLessThan(900);
    await until(() => hub.cancelled() === before + 2);
    const leaving = new AbortController();
    const left = sandbox.execute(
      { code: 'from toolmesh import tools\ntools.wait(ms=60000)', tools: true },
      { signal: leaving.signal },
    );
    await until(() => hub.running() === 1);
    leaving.abort();
    await expect(left).rejects.toThrow('abort');
    await until(() => hub.cancelled() === before + 3);
  });

  test('calls in a session, with tools and without', async () => {
    const session = { session_id: 'codemode' };
    await run('from toolmesh import tools\nx = tools.add(a=1)', session);
    expect((await run('tools.add(a=x["sum"])', session)).result).toBe("{'sum': 3}");
    const without = await run('tools.add(a=1)', { ...session, tools: undefined });
    expect(without.error).toMatchObject({ type: 'ToolError', message: expect.stringContaining('was given no tools') });
    expect((await run('tools.add(a=1)', session)).result).toBe("{'sum': 2}");
  });

  test('is refused in words in a process that it has started', async () => {
    const { stdout } = await run(
      'import os\nfrom toolmesh import tools\nif os.fork() == 0:\n  try: tools.add(a=1)\n  except RuntimeError as error: print(error)\n  os._exit(0)\nos.wait()\nprint(tools.add(a=1))',
    );
    expect(stdout).toBe("this works in the program's own process alone, not in one that it has started\n{'sum': 2}\n");
  });

  test('shows its calls as they happen', async () => {
    const { body } = await post(`${sandbox.url}/tools/execute_code/stream`, {
      arguments: { code: 'from toolmesh import tools\ntools.add(a=1)', tools: true },
    });
    expect(body).toContain('"data":{"stream":"tool_call","text":"add: running\\n","name":"add","status":"running"}');
    expect(body).toMatch(/"text":"add: success\\n","name":"add","status":"success","duration_ms":/);
    expect((await request(`${sandbox.url}/metrics`)).body).toMatch(
      /^sandbox_tool_calls_total\{status="success"\} \d+$/m,
    );
  });
});

(canJail() ? describe : describe.skip)('a program of JavaScript in a jail', () => {
  const js = (code: string, more: object = {}) => run(code, { language: 'javascript', ...more });

  test.each([
    ['import', `import { tools, ToolError } from 'toolmesh';`],
    ['require', `const { tools, ToolError } = require('toolmesh');`],
    [
      'import of the default',
      `import tools, { ToolError } from 'toolmesh'; import all from 'toolmesh'; all.tools.add;`,
    ],
    ['import()', `const { tools, ToolError } = await import('toolmesh');`],
  ])('calls tools that it has by %s, and gets values', async (_way, head) => {
    const result = await js(
      [
        head,
        'console.log(await tools.add({ a: 2, b: 3 }), (await tools.add(4)).sum, await tools.add({ a: 1, b: 2 ** 40 }));',
        `console.log(await tools['git-status']({ from: 'x' }), await tools.git_status({ from_: 'y' }), await tools.git_status('z'));`,
        'for (const call of [() => tools.fail(), () => tools.ad({ a: 1 }), () => tools.add(), () => tools.add(1, 2)]) {',
        '  try { await call(); } catch (error) { console.log(error instanceof ToolError, error.message, error.tool); }',
        '}',
        'console.log((await tools.list())[0], await tools.help("add"), `${tools}`, JSON.stringify(tools), (await tools) === tools);',
      ].join('\n'),
    );
    expect(result.stderr).toBe('');
    expect(result.stdout.split('\n').slice(0, 6)).toEqual([
      '{ sum: 5 } 5 { sum: 1099511627777 }',
      "{ clean: true, from: 'x' } { clean: true, from: 'y' } { clean: true, from: 'z' }",
      'true it is broken fail',
      expect.stringMatching(/^true There is no tool named "ad"; did you mean add\b/),
      expect.stringMatching(/^true .*a: /),
      'false add takes one object with its arguments by name undefined',
    ]);
    expect(result.stdout).toContain("{ name: 'add', description: 'Adds two numbers.' }");
    expect(result.stdout).toMatch(/\[object Object\] \{.*\} true\n$/);
    expect(result.tool_calls.map(({ status }: { status: string }) => status)).toEqual([
      ...Array.from({ length: 6 }, () => 'success'),
      'error',
      'refused',
      'refused',
    ]);
  });

  test('calls several at once, in TypeScript', async () => {
    const before = hub.mostRunning();
    const code = [
      `import { tools } from 'toolmesh';`,
      'const times: number[] = [300, 200, 100, 300];',
      'const all = await Promise.all(times.map(async (ms): Promise<number> => (await tools.wait({ ms })).waited));',
      'all.join()',
    ].join('\n');
    expect((await js(code, { language: 'typescript' })).result).toBe("'300,200,100,300'");
    expect(hub.mostRunning()).toBeGreaterThanOrEqual(Math.max(before, 2));
  });

  test('is told how to get tools where it was given none', async () => {
    const { error, stdout } = await js(
      `import { tools } from 'toolmesh';\nconsole.log('begun'); await tools.add({ a: 1 })`,
      {
        tools: undefined,
      },
    );
    expect(stdout).toBe('begun\n');
    expect(error).toMatchObject({
      type: 'ToolError',
      message: 'This program was given no tools: pass tools: true, or a list of names, to execute_code',
    });
  });

  test('may call those alone that it was given, and large values', async () => {
    const code = [
      `import { tools } from 'toolmesh';`,
      'console.log((await tools.big({ length: 3_000_000 })).text.length);',
      `for (const call of [() => tools.big({ length: 5_000_000 }), () => tools.add('x'.repeat(2_000_000)), () => tools.add(1)])`,
      '  await call().catch((error) => console.log(error.message));',
    ].join('\n');
    expect((await js(code, { tools: ['big'] })).stdout.split('\n')).toEqual([
      '3000000',
      expect.stringContaining('a program can take 4 MiB from one call'),
      expect.stringContaining('a call takes 1000000'),
      expect.stringContaining('add is not among the tools that this program may call'),
      '',
    ]);
  });

  test('ends when it has done all, and its calls end with it', async () => {
    const cancelled = hub.cancelled();
    const done = await js(
      `const { tools } = require('toolmesh'); tools.add({ a: 1 }).then(({ sum }) => console.log('later', sum)); 'value'`,
    );
    expect(done).toMatchObject({ status: 'success', stdout: 'later 2\n', result: "'value'" });
    const left = await js(
      `const { tools } = require('toolmesh'); tools.wait({ ms: 60000 }); setTimeout(() => process.exit(3), 500)`,
    );
    expect(left).toMatchObject({ exit_code: 3, tool_calls: [{ name: 'wait', status: 'cancelled' }] });
    const late = await js(`import { tools } from 'toolmesh'; await tools.wait({ ms: 60000 })`, { timeout_ms: 1_500 });
    expect(late).toMatchObject({ status: 'timeout', tool_calls: [{ name: 'wait', status: 'cancelled' }] });
    await until(() => hub.cancelled() === cancelled + 2);
  });

  test('calls in a session, with tools and without, after calls that nothing answers', async () => {
    const session = { session_id: 'codemode-js' };
    await js(`import { tools } from 'toolmesh'; const x = await tools.add({ a: 1 });`, session);
    expect((await js('await tools.add({ a: x.sum })', session)).result).toBe('{ sum: 3 }');
    const many = 'for (let i = 0; i < 80; i++) tools.wait({ ms: 60000 }).catch(() => {});';
    expect((await js(`${many} setTimeout(() => { throw new Error('left') }, 300)`, session)).error.message).toBe(
      'left',
    );
    const without = await js('await tools.add({ a: 1 })', { ...session, tools: undefined });
    expect(without.error).toMatchObject({ type: 'ToolError', message: expect.stringContaining('was given no tools') });
    expect((await js('await tools.add({ a: 1 })', session)).result).toBe('{ sum: 2 }');
  });

  test('gives no process that it starts its channel', async () => {
    const code = [
      `import { tools } from 'toolmesh'; import { spawnSync } from 'node:child_process';`,
      'const before = await tools.add({ a: 1 });',
      `const { stdout } = spawnSync('sh', ['-c', 'for fd in 3 4 5 6; do (: >&$fd) 2>/dev/null && echo open $fd; done; echo done']);`,
      'console.log(before, String(stdout).trim(), await tools.add({ a: 2 }))',
    ].join('\n');
    expect((await js(code)).stdout).toBe('{ sum: 2 } done { sum: 3 }\n');
  });
});

(canJail() ? describe : describe.skip)('without a hub', () => {
  test('programs run, and calls say what is missing', async () => {
    const alone = await startSandbox({ MCP_SERVER_URL: 'http://127.0.0.1:9', MIN_WORKERS: '1' });
    try {
      expect(await alone.run({ code: '6 * 7' })).toMatchObject({ result: '42' });
      const called = await alone.run({ code: 'from toolmesh import tools\ntools.add(a=1)', tools: true });
      expect(called.error).toMatchObject({ type: 'ToolError', message: expect.stringMatching(/^The hub /) });
      expect(called.tool_calls).toEqual([expect.objectContaining({ name: 'add', status: 'error' })]);
      expect((await alone.execute({ code: '1', tools: ['add'] })).body.error.message).toMatch(/^The hub /);
    } finally {
      await alone.stop();
    }
  });
});

(canJail() ? describe : describe.skip)('a program in another language', () => {
  test('is refused tools, in words', async () => {
    const { status, body } = await sandbox.execute({ language: 'bash', code: 'true', tools: true });
    expect(status).toBe(422);
    expect(body.error.message).toContain(
      'programs of bash cannot call tools; write this one in python or javascript or typescript, or leave tools out',
    );
  });
});

describe('a program in an isolate or in wasm', () => {
  test('is refused tools, with the way out', () => {
    const isolate = { languages: ['javascript'], isolation: 'isolate' } as const;
    const jailed = { languages: ['python'], isolation: 'namespaces' } as const;
    expect(whyNoTools('javascript', [isolate, jailed])).toBe(
      'programs of javascript call tools in a jail of namespaces alone, and run in isolate here ' +
        '(`npm run doctor` says what the jail needs); write this one in python, or leave tools out',
    );
    expect(whyNoTools('python', [isolate, jailed])).toBeUndefined();
    expect(whyNoTools('python', [{ languages: ['python'], isolation: 'wasm' }])).toMatch(/; leave tools out$/);
  });

  test('is told the same where it looks for them', () => {
    const error = { type: 'ModuleNotFoundError', message: "No module named 'toolmesh'", traceback: '' };
    expect(withHint(error, { language: 'python' })?.message).toBe(
      "No module named 'toolmesh'. Programs call tools in a jail of namespaces alone (`npm run doctor` says what that needs)",
    );
  });
});

describe('a program that another program runs', () => {
  test('is refused', async () => {
    const headers = { baggage: 'toolmesh.program_depth=1' };
    const { status, body } = await sandbox.execute({ code: '1' }, { headers });
    expect(status).toBe(403);
    expect(body.error.message).toContain('A program may not run execute_code');
  });
});
