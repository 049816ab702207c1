import { afterEach, describe, expect, test } from '@jest/globals';
import { killWorkers, openWorker } from './javascript-worker.ts';

afterEach(killWorkers);

/** Runs programs one after the other in one session; returns the result of the last. */
async function last(...programs: string[]) {
  const run = await openWorker();
  let result: Awaited<ReturnType<typeof run>> | undefined;
  for (const code of programs) result = await run(code);
  return result;
}

describe('what a program declares, later ones find:', () => {
  const cases: [string[], string][] = [
    [
      ['const a = 1; let b = 2; var c = 3; function d() { return 4 } class E { e = 5 }', '[a, b, c, d(), new E().e]'],
      '[ 1, 2, 3, 4, 5 ]',
    ],
    [
      [
        'await 0; const a = 1; let b = 2; var c = 3; function d() { return 4 } class E { e = 5 }',
        '[a, b, c, d(), new E().e]',
      ],
      '[ 1, 2, 3, 4, 5 ]',
    ],
    [
      ['const { a, b: [c, ...d], ...e } = { a: 1, b: [2, 3, 4], f: 5 }', '[a, c, d, e]'],
      '[ 1, 2, [ 3, 4 ], { f: 5 } ]',
    ],
    [
      ['const { a, b: [c, ...d], ...e } = await { a: 1, b: [2, 3, 4], f: 5 }', '[a, c, d, e]'],
      '[ 1, 2, [ 3, 4 ], { f: 5 } ]',
    ],
    [['await 0; for (var i = 0; i < 3; i += 1) { var j = i }\nif (i) var k = 7', '[i, j, k]'], '[ 3, 2, 7 ]'],
    [
      [
        'import { existsSync as exists } from "node:fs"; import * as util from "util"',
        '[exists("x"), util.inspect(1)]',
      ],
      "[ false, '1' ]",
    ],
    [['export const a = 1; export default function b() { return 2 }', '[a, b()]'], '[ 1, 2 ]'],
    [['"use strict"; const a = 1', 'a'], '1'],
    [['let a = 1', 'let a; a'], 'undefined'],
    [['const a = 1', 'let a = 2', 'class a {}', 'function a() {}', 'const a = 3; a'], '3'],
    [['await 0; let a\nconst b = 1\n;[1].map(() => a)', 'b'], '1'],
    [['function f() { return g() } function g() { return 1 }', 'function g() { return 2 }', 'f()'], '2'],
    [['let n = 1; const next = () => (n += 1)', 'next(); n = 10', 'await next()'], '11'],
    [['for (let i = 0; i < 3; i += 1);', 'typeof i'], "'undefined'"],
    [['const f = () => 1; class C {}', 'await 0; const g = () => 1', '[f.name, g.name, C.name]'], "[ 'f', 'g', 'C' ]"],
    [['class Map { mine = 1 } const Promise = 1; const Error = 2', 'new Map().mine + Promise + Error'], '4'],
  ];
  test.each(cases)('%j', async (programs, result) => {
    const { error, ...rest } = { error: undefined, ...(await last(...programs)) };
    expect({ error, result: rest.result }).toEqual({ error: null, result: result === 'undefined' ? null : result });
  });

  test('declarations in TypeScript are found in JavaScript', async () => {
    const run = await openWorker();
    await run('enum Level { Low = 1, High }\nconst level: number = Level.High', { language: 'typescript' });
    expect((await run('level + Level.Low')).result).toBe('3');
  });

  test.each([
    'a = 2',
    'a += 1',
    'a++',
    '[a] = [2]',
    '({ a } = { a: 2 })',
    'for (a of [2]);',
    'await 0; (() => { a = 2 })()',
  ])('constants stay what they are: %s', async (assignment) => {
    const run = await openWorker();
    await run('const a = 1');
    expect((await run(assignment)).error).toMatchObject({
      type: 'TypeError',
      message: 'Assignment to constant variable.',
    });
    expect((await run('((a) => { a = 3 })(); { let a; a = 4 } a')).result).toBe('1');
  });
});

describe('a program that ends badly', () => {
  test('a failed program leaves its declarations, and its traceback has its own lines', async () => {
    const run = await openWorker();
    const { error } = await run('let a = 1;\nawait 0;\nfunction f() {\n  null.x;\n}\nf();\nlet b = 2;');
    expect(error?.traceback.split('\n').slice(1)).toEqual(['    at f (main.js:4:8)', '    at main.js:6:1']);
    expect((await run('[a, typeof b]')).result).toBe("[ 1, 'undefined' ]");
  });

  test('a traceback names the earlier programs of a traceback by their numbers', async () => {
    const run = await openWorker();
    await run('const unused = 1; function f() { throw new Error("far") }');
    const { error } = await run('\nconst mine = 1; f()');
    expect(error?.traceback.split('\n').slice(1)).toEqual(['    at f (main.js#1:1:40)', '    at main.js:2:17']);
  });

  test.each(['process.exit(3)', 'await 0; process.exit(3)', 'setTimeout(() => process.exit(3), 5)'])(
    'by %s ends alone',
    async (exit) => {
      const run = await openWorker();
      const ended = await run(`let a = 1; console.log("before"); ${exit}; setTimeout(() => console.log("after"), 20)`);
      expect(ended).toMatchObject({ exit_code: 3, error: { type: 'Exit' }, stdout: 'before\n' });
      expect(await run('await new Promise((done) => setTimeout(done, 40)); a')).toMatchObject({
        result: '1',
        stdout: '',
      });
    },
  );

  test('a program prints nothing once it has exited', async () => {
    const run = await openWorker();
    const code = 'try { process.exit(0) } catch {} console.log("after")';
    expect(await run(code)).toMatchObject({ exit_code: 0, stdout: '' });
    expect(await run('console.log("next")')).toMatchObject({ stdout: 'next\n' });
  });

  test('a program that runs out of memory ends the session with an answer', async () => {
    const run = await openWorker();
    const bomb = 'const all = []; for (;;) all.push(new Array(1000).fill(1))';
    expect(await run(bomb, { memoryBytes: 64 * 2 ** 20 })).not.toMatchObject({ exit_code: 0 });
  });
});

describe('each program of a session', () => {
  test('a program ends when nothing is pending', async () => {
    const run = await openWorker();
    expect(await run('let a = 1; setTimeout(() => { a = 2; console.log("late") }, 30)')).toMatchObject({
      stdout: 'late\n',
    });
    expect((await run('a')).result).toBe('2');
  });

  test('a failed program takes its pending work with it', async () => {
    const run = await openWorker();
    await run('setTimeout(() => console.log("late"), 20); throw 1');
    expect(await run('await new Promise((done) => setTimeout(done, 40))')).toMatchObject({ stdout: '' });
  });

  test('a program has its own output, also after a flood', async () => {
    const run = await openWorker();
    const flood = await run('for (let i = 0; i < 30000; i += 1) console.log(`line ${i}`)');
    expect(flood.stdout).toMatch(/^line 0\n.*bytes left out.*line 29999\n$/s);
    expect(await run('console.log("a"); console.error("b")')).toMatchObject({ stdout: 'a\n', stderr: 'b\n' });
    const again = await run('for (let i = 0; i < 30000; i += 1) console.log(`line ${i}`)');
    expect(again.stdout).toBe(flood.stdout);
  });

  test('a program has its own input, and the files of those before', async () => {
    const run = await openWorker();
    const first = await run('import fs from "fs"; fs.writeFileSync("own.txt", fs.readFileSync(0))', {
      stdin: 'one',
      files: { 'given/a.txt': 'a' },
    });
    expect(first.artifacts).toEqual({ 'own.txt': 'one' });
    const second = await run('fs.readFileSync(0, "utf8") + fs.readFileSync("own.txt") + fs.readdirSync("given")', {
      stdin: 'two',
    });
    expect(second).toMatchObject({ artifacts: {} });
    const third = await run('fs.appendFileSync("own.txt", "!"); fs.writeFileSync("given/a.txt", "b")');
    expect(third.artifacts).toEqual({ 'given/a.txt': 'b', 'own.txt': 'one!' });
  });

  test('a program is stopped at its time', async () => {
    const run = await openWorker();
    expect(await run('new Promise(() => {})', { timeoutMs: 200 })).toMatchObject({ kind: 'timeout' });
  });
});

test('the language has nothing to share memory or to run machine code with', async () => {
  const run = await openWorker();
  const names = ['WebAssembly', 'SharedArrayBuffer', 'Atomics'];
  expect((await run(`[${names.map((name) => `typeof ${name}`).join(', ')}].join()`)).result).toBe(
    "'undefined,undefined,undefined'",
  );
});
