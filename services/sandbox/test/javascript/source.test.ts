import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { looksLikeModule, replaceDynamicImport } from '../../src/runtimes/javascript/source/dynamic-import.ts';
import { prepareModule } from '../../src/runtimes/javascript/source/es-module.ts';
import { prepareProgram } from '../../src/runtimes/javascript/source/prepare-program.ts';

/** Runs programs one after the other as those of a session; returns the value of the last. */
async function valueOf(programs: readonly string[], isKept: boolean): Promise<unknown> {
  const global = {
    __import: async (name: string) => ({ name }),
    __importSync: (name: string) => ({ default: name, first: 1, 'a b': 2 }),
    __importMeta: { url: 'file:///main.js' },
  };
  Object.defineProperty(global, '__constant', {
    set: () => {
      throw new TypeError('constant');
    },
  });
  const context = createContext(global);
  const constants = isKept ? new Set<string>() : undefined;
  let value: unknown;
  for (const code of programs) {
    const { source, declarations } = prepareProgram(code, constants);
    if (declarations !== undefined) runInContext(declarations, context);
    value = await runInContext(source, context);
  }
  return value;
}

describe('a program', () => {
  test.each<[string, unknown]>([
    ['1 + 1', 2],
    ['await 5', 5],
    ['const a = await 20;\nconst b = 22;\na + b', 42],
    ['import x, { first, "a b" as b } from "m"; [x, first, b].join()', 'm,1,2'],
    ['import * as all from "m"; all.first', 1],
    ['(await import("m")).name', 'm'],
    ['import.meta.url', 'file:///main.js'],
    ['export default class A {}\nexport const answer = 42; answer', 42],
    ['if (true) return 7; 8', 7],
    ['using x = { [Symbol.dispose]() {} }; 3', 3],
  ])('%s', async (code, expected) => {
    expect(await valueOf([code], false)).toBe(expected);
    expect(await valueOf([code], true)).toBe(expected);
  });

  test.each<[readonly string[], unknown]>([
    [['const a = 1; let b = 2; class C { static d = 3 }', 'a + b + C.d'], 6],
    [['import x from "m"; await 0; function f() { return x }', 'f()'], 'm'],
    [['const a = 1', 'try { a = 2 } catch {} a'], 1],
    [['const a = 1', 'const a = 2; a'], 2],
    [['for (var i = 0; i < 3; i += 1) await i; let [x, ...y] = [1, 2, 3]', 'i + x + y.length'], 6],
    [['"use strict"; let s = 1', 's'], 1],
  ])('of a session: %j', async (programs, expected) => {
    expect(await valueOf(programs, true)).toBe(expected);
  });

  test('maps the columns of what it has moved', () => {
    const { columnOf, source } = prepareProgram('await import("x"); boom()');
    expect(columnOf(1, source.indexOf('boom') + 1)).toBe('await import("x"); '.length + 1);
  });
});

test('a module becomes a generator function', () => {
  const { source, requests } = prepareModule(
    'import { a } from "x"; export * from "y"; export const b = a + import.meta.n;',
  );
  expect(requests).toEqual(['x', 'y']);
  const exported: Record<string, () => unknown> = {};
  const steps = runInContext(
    source,
    createContext(),
  )({
    bind: (getters: Record<string, () => unknown>, stars: readonly number[], fill: () => void) => {
      Object.assign(exported, getters);
      expect([...stars]).toEqual([1]);
      fill();
    },
    take: () => 40,
    meta: { n: 2 },
  });
  steps.next();
  steps.next();
  expect(exported['b']?.()).toBe(42);
  expect(() => prepareModule('export default await 1')).toThrow('await at their top level');
});

test('a CommonJS module may import() and is none of the others', () => {
  expect(replaceDynamicImport('require("a"); import("b")')).toBe('require("a"); __import("b")');
  expect(looksLikeModule('const a = "import b"; require("c")')).toBe(false);
  expect(looksLikeModule('"use strict"; export const a = 1')).toBe(true);
});
