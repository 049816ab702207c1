import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { contentOf, type Sandbox, startSandbox } from './sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  // In an isolate; node/node.test.ts is about Node itself.
  sandbox = await startSandbox({ SANDBOX_ISOLATION: 'wasm' });
}, 240_000);
afterAll(() => sandbox.stop());

const run = (program: object) => sandbox.run(program);

describe.each(['javascript', 'typescript'])('%s', (language) => {
  const values: [string, string | null][] = [
    ['1 + 1', '2'],
    ['"text"', "'text'"],
    ['const x = 5', null],
    ['({ a: 1, b: [1, { c: null }] })', '{ a: 1, b: [ 1, { c: null } ] }'],
    ['new Map([[1, "a"]])', "Map(1) { 1 => 'a' }"],
    ['await new Promise((resolve) => setTimeout(resolve, 10)); "awaited"', "'awaited'"],
    ['const a = await Promise.resolve(20)\nconst b = 22;\na + b', '42'],
    ['async function main() { return 7 }\nmain()', '7'],
    ['import { readdirSync } from "node:fs"; readdirSync(".")', '[]'],
    ['const { existsSync } = require("fs"); existsSync("x")', 'false'],
    ['(await import("node:util")).format("%d%%", 50)', "'50%'"],
    ['export const answer = 42; answer', '42'],
    ['if (true) { 5 }', '5'],
    ['typeof WebAssembly', "'undefined'"],
    ['new TextDecoder().decode(new TextEncoder().encode("h€llo 😀"))', "'h€llo 😀'"],
  ];
  test.each(values)('%s is %s', async (code, result) => {
    expect(await run({ code, language })).toMatchObject({ status: 'success', result, error: null, exit_code: 0 });
  });

  test('prints as a console does', async () => {
    const code =
      'console.log("%s is", "x", { a: [1] }); console.error("oops"); console.group("g"); console.info(1); process.stdout.write("end")';
    expect(await run({ code, language })).toMatchObject({ stdout: 'x is { a: [ 1 ] }\ng\n  1\nend', stderr: 'oops\n' });
  });

  test('waits for what is pending', async () => {
    const code =
      'setTimeout(() => console.log("late"), 50); queueMicrotask(() => console.log("soon")); console.log("now")';
    expect(await run({ code, language })).toMatchObject({ status: 'success', stdout: 'now\nsoon\nlate\n' });
  });

  test('shows the traceback of the user’s own lines', async () => {
    const code = 'function inner() {\n  null.x;\n}\nawait 0;\ninner();';
    const { error, stderr } = await run({ code, language });
    const name = language === 'typescript' ? 'main.ts' : 'main.js';
    expect(error.type).toBe('TypeError');
    expect(error.traceback.split('\n').slice(1)).toEqual([
      expect.stringMatching(`at inner \\(${name}:2:8\\)`),
      expect.stringMatching(`${name}:5:1`),
    ]);
    expect(stderr).toBe(`${error.traceback}\n`);
  });

  const endings: [string, { status: string; [name: string]: unknown }][] = [
    ['throw new RangeError("far")', { status: 'error', exit_code: 1, error: { type: 'RangeError', message: 'far' } }],
    ['throw "text"', { status: 'error', error: { type: 'Uncaught', message: "'text'" } }],
    ['setTimeout(() => { throw new Error("later") }, 5)', { status: 'error', error: { message: 'later' } }],
    ['let a = ;', { status: 'error', error: { type: 'SyntaxError' } }],
    ['process.exit(3); console.log("not reached")', { status: 'error', exit_code: 3, stdout: '' }],
    ['try { process.exit(0) } catch {} for (;;);', { status: 'success', exit_code: 0 }],
    [
      'require("child_process")',
      { status: 'error', error: { message: expect.stringContaining('it starts processes') } },
    ],
    ['for (;;);', { status: 'timeout', signal: 'SIGKILL' }],
    ['new Promise(() => {})', { status: 'timeout' }],
    ['for (;;) await 0;', { status: 'timeout' }],
    ['/^(a+)+$/.test("a".repeat(40) + "b")', { status: 'timeout' }],
    ['function f() { f() } f()', { status: 'error', error: { type: 'RangeError' } }],
    [
      'console.log(new Proxy({}, { get() { throw new Error("trap") }, ownKeys() { throw new Error("trap") } }))',
      { status: 'success' },
    ],
  ];
  test.each(endings)('%s', async (code, expected) => {
    const timeout_ms = expected.status === 'timeout' ? 400 : 1_500;
    expect(await run({ code, language, memory_mb: 128, timeout_ms })).toMatchObject(expected);
  });

  const bombs = [
    'const all = []; for (;;) all.push(new Array(1000).fill(1))',
    'const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1))',
    '"x".repeat(5e8).split("")',
    'const map = new Map(); for (let i = 0; ; i += 1) map.set(i, [i])',
  ];
  test.each(bombs)('%s runs out of its memory', async (code) => {
    const result = await run({ code, language, memory_mb: 128, timeout_ms: 60_000 });
    expect(result).toMatchObject({
      status: 'out_of_memory',
      error: { type: expect.stringMatching(/OutOfMemory|RangeError/) },
    });
    expect(result.peak_memory_bytes).toBeLessThan(600 * 2 ** 20);
  });

  test('reads its input and its files and leaves those it made', async () => {
    const code =
      'const fs = require("node:fs"); const input = fs.readFileSync(0, "utf8");' +
      'fs.mkdirSync("out/deep", { recursive: true }); fs.writeFileSync("out/deep/a.json", JSON.stringify({ input }));' +
      'fs.appendFileSync("given.txt", "!"); fs.readFileSync("given.txt", "utf8")';
    const files = [
      { path: 'given.txt', content: 'hé' },
      { path: 'same.txt', content: 'same' },
    ];
    const { result, artifacts } = await run({ code, language, stdin: 'in', files });
    expect(result).toBe("'hé!'");
    expect(artifacts).toMatchObject([
      { path: 'given.txt', mime_type: 'text/plain' },
      { path: 'out/deep/a.json', mime_type: 'application/json' },
    ]);
    expect(contentOf(artifacts[1])).toBe('{"input":"in"}');
  });
});

describe('TypeScript', () => {
  test('runs types, enums and namespaces', async () => {
    const code =
      'enum Level { Low = 1, High }\ninterface P { x: number }\nconst p: P = { x: Level.High };\np.x as number';
    expect(await run({ code, language: 'typescript' })).toMatchObject({ result: '2' });
  });

  test('reports code that is not TypeScript', async () => {
    const { status, error, stderr } = await run({ code: 'const x: = 1', language: 'typescript' });
    expect({ status, type: error.type }).toEqual({ status: 'error', type: 'SyntaxError' });
    expect(stderr).toContain('SyntaxError');
  });
});

describe('output', () => {
  test('output beyond 64 KiB keeps its beginning and its end', async () => {
    const code = 'for (let i = 0; i < 100000; i += 1) console.log(`line ${i}`)';
    const { status, stdout, truncated } = await run({ code, language: 'javascript' });
    expect(status).toBe('success');
    expect(truncated).toMatchObject({ stdout: true, stderr: false });
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(65_536);
    expect(stdout).toMatch(/^line 0\nline 1\n.*\n\[\.\.\. \d+ bytes left out \.\.\.\]\n.*\nline 99999\n$/s);
  });
});

describe('isolation', () => {
  test.each([
    'this.constructor.constructor("return process")().mainModule',
    'Object.getOwnPropertyNames(globalThis).filter((name) => /ivm|isolate|reference/i.test(name))',
    'import("node:child_process")',
    'typeof fetch + typeof process.binding + JSON.stringify(process.env)',
    'Object.prototype.toJSON = () => { throw 1 }; Array.prototype.map = null; "polluted"',
    'Promise.prototype.then = () => {}; globalThis.eval = null; "mangled"',
  ])('%s', async (code) => {
    const answer = JSON.stringify(await run({ code, language: 'javascript', timeout_ms: 3_000 }));
    expect(answer).not.toMatch(/canary-of-the-service|uid=0|root:|node_modules|services\/sandbox|"PATH"/);
    expect(await run({ code: '1', language: 'javascript' })).toMatchObject({ status: 'success', result: '1' });
  });
});
