import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { request } from '@toolmesh/shared/test-kit/requests';
import { contentOf, PYTHON_LEVELS, type Sandbox, startSandbox } from '../sandbox.ts';

jest.setTimeout(240_000);

/** Real Node needs a jail of namespaces (the isolate is tested beside it). */
const describeWhereJailed = PYTHON_LEVELS.includes('namespaces') ? describe : describe.skip;

describeWhereJailed('JavaScript and TypeScript in Node:', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox?.stop());

  const run = (code: string, more: object = {}) => sandbox.run({ language: 'javascript', code, ...more });
  const typescript = { language: 'typescript' };

  test('/health says so', async () => {
    expect((await request(`${sandbox.url}/health`)).body).toMatchObject({
      isolation: { javascript: 'namespaces', typescript: 'namespaces' },
      jailed: { javascript: true, typescript: true },
    });
  });

  describe.each(['javascript', 'typescript'])('%s', (language) => {
    const values: [string, string | null][] = [
      ['1 + 1', '2'],
      ['const x = 5', null],
      ['({ a: 1, b: [1, { c: null }] })', '{ a: 1, b: [ 1, { c: null } ] }'],
      ['if (true) { 5 }', '5'],
      ['await new Promise((resolve) => setTimeout(resolve, 10)); "awaited"', "'awaited'"],
      ['async function main() { return 7 }\nmain()', '7'],
      [
        'import { readdirSync } from "node:fs"; const { existsSync } = require("fs"); [readdirSync("."), existsSync("x")]',
        '[ [], false ]',
      ],
      ['export const answer = 42; answer', '42'],
      ['(await import("node:util")).format("%d%%", 50)', "'50%'"],
      [
        '[typeof WebAssembly, typeof SharedArrayBuffer, typeof Buffer, typeof structuredClone].join()',
        "'object,function,function,function'",
      ],
      [
        '[__filename.startsWith("/work/main."), __dirname, require.main === module, process.argv.length]',
        "[ true, '/work', true, 2 ]",
      ],
      [
        '[import.meta.dirname, import.meta.main, import.meta.url === require("url").pathToFileURL(process.argv[1]).href]',
        "[ '/work', true, true ]",
      ],
      ['new Promise(() => {})', 'Promise { <pending> }'],
    ];
    test.each(values)('%s is %s', async (code, result) => {
      expect(await run(code, { language })).toMatchObject({ status: 'success', result, error: null, exit_code: 0 });
    });

    test('shows the traceback of the user’s own lines', async () => {
      const { error, stderr } = await run('function inner() {\n  null.x;\n}\nawait 0;\ninner();', { language });
      const name = language === 'typescript' ? 'main.ts' : 'main.js';
      expect(error.traceback.split('\n').slice(1)).toEqual([`    at inner (${name}:2:8)`, `    at ${name}:5:1`]);
      expect(stderr).toBe(`${error.traceback}\n`);
    });

    const endings: [string, object][] = [
      [
        'class Far extends RangeError {}; throw new Far("x")',
        { status: 'error', exit_code: 1, error: { message: 'x' } },
      ],
      ['throw "text"', { status: 'error', error: { type: 'Uncaught', message: "'text'" } }],
      ['setTimeout(() => { throw new Error("later") }, 5)', { status: 'error', error: { message: 'later' } }],
      ['Promise.reject(new Error("lost")); 1', { status: 'error', error: { message: 'lost' } }],
      ['let a = ;', { status: 'error', error: { type: 'SyntaxError' } }],
      ['process.exit(3); console.log("not reached")', { status: 'error', exit_code: 3, stdout: '' }],
      [
        'process.exitCode = 4; process.on("exit", (code) => console.log("exit", code))',
        { exit_code: 4, stdout: 'exit 4\n' },
      ],
      [
        'process.on("uncaughtException", (e) => console.log(e.message)); throw new Error("caught")',
        { status: 'success', stdout: 'caught\n' },
      ],
      [
        'process.on("unhandledRejection", (e) => console.log(e.message)); Promise.reject(new Error("r"))',
        { status: 'success', stdout: 'r\n' },
      ],
      [
        'await new Promise(() => {})',
        { status: 'error', exit_code: 13, error: { message: expect.stringContaining('nothing settles') } },
      ],
      ['process.kill(process.pid, "SIGKILL")', { status: 'killed', signal: 'SIGKILL' }],
      ['process.abort()', { status: 'killed', signal: 'SIGABRT' }],
      ['for (;;);', { status: 'timeout', signal: 'SIGKILL' }],
      [
        'import pad from "left-pad"; pad(1)',
        { status: 'error', error: { message: expect.stringContaining('packages: ["left-pad"]') } },
      ],
      [
        'await fetch("http://example.com")',
        { status: 'error', error: { message: expect.stringContaining('no network') } },
      ],
    ];
    test.each(endings)('%s', async (code, expected) => {
      expect(await run(code, { language, timeout_ms: 3_000 })).toMatchObject(expected);
    });
  });

  test('ES modules, CommonJS, JSON and TypeScript files import each other', async () => {
    const files = [
      { path: 'counter.mjs', content: 'export let n = 0; export const inc = () => { n += 1 }; export default "d"' },
      { path: 'common.cjs', content: 'exports.k = require("./data.json").j' },
      { path: 'data.json', content: '{"j": 3}' },
      { path: 'lib/types.ts', content: 'export enum E { A = 4 }\nexport interface I { x: E }' },
      {
        path: 'view.tsx',
        content: '/** @jsx h */\nconst h = (...all: any[]) => all;\nexport const view = <b>{1}</b>;',
      },
    ];
    const code = [
      'import { n, inc } from "./counter.mjs";',
      'import data from "./data.json";',
      'import { E, type I } from "./lib/types";',
      'import { view } from "./view.tsx";',
      'const { k } = require("./common.cjs");',
      'inc();',
      'const i: I = { x: E.A };',
      '[n, k, data.j, i.x, view]',
    ].join('\n');
    expect((await run(code, { ...typescript, files })).result).toBe("[ 1, 3, 3, 4, [ 'b', null, 1 ] ]");
  });

  test('starts itself again, as worker, as child and by its name', async () => {
    const worker = [
      'const { Worker, isMainThread, parentPort } = require("node:worker_threads");',
      'if (isMainThread) new Worker(__filename).on("message", (text) => console.log(text)); else parentPort.postMessage("worker");',
    ].join('\n');
    expect(await run(worker)).toMatchObject({ status: 'success', stdout: 'worker\n', artifacts: [] });
    const child = [
      'const { fork, execSync } = require("node:child_process");',
      'if (process.argv[2] === "child") process.send("child");',
      'else { fork(__filename, ["child"]).on("message", (text) => console.log(text)); console.log(execSync("node -p 1+1").toString().trim()) }',
    ].join('\n');
    expect(await run(child)).toMatchObject({ status: 'success', stdout: '2\nchild\n', artifacts: [] });
  });

  test('reads its input by every usual way', async () => {
    const ways = [
      'process.stdin.on("data", (d) => console.log(String(d)))',
      'console.log(require("fs").readFileSync(0, "utf8"))',
      'console.log(require("fs").readFileSync("/dev/stdin").toString())',
      'require("readline").createInterface({ input: process.stdin }).on("line", (line) => console.log(line))',
      'for await (const chunk of process.stdin) console.log(String(chunk))',
    ];
    for (const code of ways) expect(await run(code, { stdin: 'in' })).toMatchObject({ stdout: 'in\n' });
  });

  test('has its memory limit, whatever that is', async () => {
    const bombs = [
      'const all = []; for (;;) all.push(new Array(1000).fill(1))',
      'const all = []; for (;;) all.push(Buffer.alloc(1e6, 1))',
      'new (require("worker_threads").Worker)("const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1))", { eval: true })',
    ];
    for (const code of bombs) {
      expect(await run(code, { memory_mb: 64, timeout_ms: 60_000 })).toMatchObject({
        status: 'out_of_memory',
        error: { type: 'OutOfMemory', message: expect.stringContaining('64 MiB') },
      });
    }
    const limit = 'Math.round(require("v8").getHeapStatistics().heap_size_limit / 2 ** 20 / 100)';
    expect((await run(limit, { memory_mb: 1_500 })).result).toMatch(/^1[5-9]$/);
  });

  test('leaves the files that it made, and works where the machine tells it nothing', async () => {
    const code = [
      'const fs = require("fs"); const os = require("os");',
      'fs.createWriteStream("out/a.txt").end("text");',
      'fs.writeFile("b.json", "{}", () => {});',
      '[os.cpus().length > 0, os.userInfo().username !== "", typeof os.networkInterfaces(), process.memoryUsage().rss > 0]',
    ].join('\n');
    const { result, artifacts } = await run(`require("fs").mkdirSync("out");${code}`);
    expect(result).toBe("[ true, true, 'object', true ]");
    expect(artifacts.map(({ path }: { path: string }) => path)).toEqual(['b.json', 'out/a.txt']);
    expect(contentOf(artifacts[1])).toBe('text');
  });

  test('both kinds of decorators, parameter properties and namespaces of TypeScript work', async () => {
    const code = [
      'function log(target: object, key: string, d: PropertyDescriptor) { const f = d.value; d.value = function (...a: unknown[]) { console.log(key); return f.apply(this, a) } }',
      'class A { constructor(private readonly x = 1) {} @log m() { return this.x + N.z } }',
      'namespace N { export const z = 2 }',
      'new A().m() satisfies number',
    ].join('\n');
    expect(await run(code, typescript)).toMatchObject({ stdout: 'm\n', result: '3' });
    const standard =
      'const log = (f, { name }) => function () { return `${name} ${f.call(this)}` };\nclass A { @log m() { return 1 } }\nnew A().m()';
    for (const language of ['javascript', 'typescript'])
      expect((await run(standard, { language })).result).toBe("'m 1'");
  });

  describe('a session', () => {
    let sessions = 0;
    const open = () => {
      sessions += 1;
      const session_id = `node-${sessions}`;
      return (code: string, more: object = {}) => run(code, { session_id, ...more });
    };

    test('keeps what its programs declare, which may be declared anew', async () => {
      const call = open();
      await call(
        'const a = 1; let b = 2; function f() { return a + b } class C { x = 3 } import fs, { existsSync } from "fs"',
      );
      expect((await call('[f(), new C().x, existsSync("no"), typeof fs.readFileSync]')).result).toBe(
        "[ 3, 3, false, 'function' ]",
      );
      expect((await call('const a = await 10; a')).result).toBe('10');
      expect((await call('enum E { A = 7 }\nconst t: number = a', typescript)).error).toBeNull();
      expect((await call('t + E.A')).result).toBe('17');
    });

    test('survives errors and exits of its programs, whose pending work ends with them', async () => {
      const call = open();
      expect(await call('let x = 1; setTimeout(() => console.log("late"), 20); null.y')).toMatchObject({
        status: 'error',
        error: { type: 'TypeError', traceback: expect.stringMatching(/at main\.js:1:\d+$/) },
      });
      expect(await call('console.log("before"); process.exit(3)')).toMatchObject({ exit_code: 3, stdout: 'before\n' });
      expect(await call('await new Promise((done) => setTimeout(done, 60)); x')).toMatchObject({
        result: '1',
        stdout: '',
      });
    });

    test('gives each program its own input', async () => {
      const call = open();
      const code = 'for await (const chunk of process.stdin) console.log(String(chunk))';
      expect(await call(code, { stdin: 'first' })).toMatchObject({ stdout: 'first\n' });
      expect(await call(code, { stdin: 'second' })).toMatchObject({ stdout: 'second\n' });
    });
  });
});
