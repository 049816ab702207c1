import { describe, expect, test } from '@jest/globals';
import { cleanSource, fencedOnly } from '../../src/runtimes/javascript/source/clean-source.ts';
import { explainError } from '../../src/runtimes/node/inside/explain.ts';
import { COMMONJS, looksLikeModule, prepareOnce, RESULT } from '../../src/runtimes/node/inside/program.ts';

/** Runs a prepared CommonJS program here; returns its result. */
async function resultOf(code: string): Promise<unknown> {
  const { source, parameters, isAsync } = prepareOnce(code);
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is that of a test
  const value: unknown = Reflect.apply(new Function(...parameters, source), undefined, []);
  const outcome = await Promise.resolve(value);
  return isAsync ? Reflect.get(Object(outcome), RESULT) : outcome;
}

describe('the last expression of a program is its result:', () => {
  const cases: [string, unknown][] = [
    ['1 + 1', 2],
    ['(1, 2)', 2],
    ['({ a: 1 }).a // a comment', 1],
    ['"use strict"', 'use strict'],
    ['let a = 1\n;[a, 2].length', 2],
    ['const x = 5', undefined],
    ['5; function f() {}', 5],
    ['if (true) { 5 } else { 6 }', 5],
    ['for (const i of [1, 2, 3]) i * 2', 6],
    ['try { null.x } catch { "caught" }', 'caught'],
    ['switch (2) { case 2: "two"; break; default: "other" }', 'two'],
    ['a: { 7 }', 7],
    ['await 0; 8', 8],
    ['for await (const x of [1, 2]) x', 2],
    ['await 0; return 9', undefined],
  ];
  test.each(cases)('%s', async (code, result) => {
    expect(await resultOf(code)).toEqual(result);
  });
});

test('a program with import or export is an ES module, which has what CommonJS has where it asks for it', () => {
  const { kind, source } = prepareOnce('import fs from "fs"; require; console.log(import.meta.main)');
  expect(kind).toBe('module');
  expect(source).toMatch(/^const require = .*createRequire/);
  expect(source).not.toMatch(/const (?:module|exports|__filename|__dirname) /);
  expect(source).toContain('console.log(true)');
});

test('a name that a program declares itself is not given to it', () => {
  expect(prepareOnce('const require = 1').parameters).toEqual([
    ...COMMONJS.filter((name) => name !== 'require'),
    RESULT,
  ]);
  expect(prepareOnce('import { require } from "x"; require').source).not.toContain('createRequire');
});

test('columns of edited lines map to those of the program', () => {
  const { columnOf } = prepareOnce('1;\nf(x)');
  expect([columnOf(1, 1), columnOf(2, `${RESULT} = (f`.length), columnOf(2, `${RESULT} = (f(x`.length)]).toEqual([
    1, 1, 3,
  ]);
});

test.each([
  ['import x from "y"', true],
  ['  export { a }', true],
  ['import("x")', false],
  ['const important = 1; exported()', false],
  ['f(import.meta)', true],
])('%s looks like a module: %s', (code, expected) => {
  expect(looksLikeModule(code)).toBe(expected);
});

test.each([
  ['```js\n1\n```', '\n1\n'],
  ['\uFEFF1', '1'],
  ['#!/usr/bin/env node\n1', '///usr/bin/env node\n1'],
  ['x = `\n```\n`', 'x = `\n```\n`'],
  ['\n~~~ts\nleft open', '\n\nleft open'],
])('%j is cleaned to %j', (code, cleaned) => {
  expect(cleanSource(code)).toBe(cleaned);
});

test('the blocks of an answer keep their lines', () => {
  expect(fencedOnly('Here:\n```js\na\n```\nand\n```\nb\n```')).toBe('\n\na\n\n\n\nb\n');
});

describe('an error', () => {
  const explain = (error: unknown) => explainError(error, (file, line, column) => `${file}:${line}:${column + 1}`);

  test('shows the frames of the program alone, at the places of its author', () => {
    const error = Object.assign(new TypeError('bad'), { code: 'E' });
    error.stack =
      'TypeError: bad\n    at f (/work/main.js:2:3)\n    at Object.<anonymous> (file:///work/main.js:4:5)\n    at g (node:internal/x:1:1)';
    expect(explain(error)).toEqual({
      type: 'TypeError',
      message: 'bad',
      traceback: "TypeError: bad\n    at f (main.js:2:4)\n    at main.js:4:6 {\n  code: 'E'\n}",
    });
  });

  test('of a missing package says how to get it', () => {
    const error = Object.assign(new Error("Cannot find package '@a/b' imported from /work/main.js"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    expect(explain(error).message).toContain('packages: ["@a/b"]');
    expect(explain(Object.assign(new Error("Cannot find module './x'"), { code: 'MODULE_NOT_FOUND' })).message).toBe(
      "Cannot find module './x'",
    );
  });

  test.each([
    ['text', "'text'"],
    [undefined, 'undefined'],
    [{ a: 1 }, '{ a: 1 }'],
  ])('may be anything: %j', (thrown, message) => {
    expect(explain(thrown)).toMatchObject({ type: 'Uncaught', message });
  });

  test('that cannot be shown is reported nevertheless', () => {
    const error = new Error('x');
    Object.defineProperty(error, 'message', {
      get: () => {
        throw error;
      },
    });
    expect(explain(error)).toMatchObject({ type: 'Uncaught' });
  });
});
