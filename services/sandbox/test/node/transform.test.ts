import { describe, expect, test } from '@jest/globals';
import { esbuildProgram } from '../../src/runtimes/node/esbuild.ts';
import { loadersFor, transform } from '../../src/runtimes/node/inside/transform.ts';

const esbuild = esbuildProgram();
const file = '/work/main.ts';
const made = (code: string, isTypeScript = true) =>
  transform(code, { file, loaders: loadersFor(code, isTypeScript), esbuild });

describe('becomes JavaScript:', () => {
  test.each([
    ['enum E { A = 1 }', /E\[E\.A|E2\[E2\["A"\]/],
    ['const f = <T>(x: T) => x;', /const f = \(x\) => x/],
    ['const a = <b>{1}</b>;', /react\/jsx-runtime/],
    ['import React from "react"; const a = <b/>;', /React\.createElement\("b"/],
    ['/** @jsx h */ const a = <b/>;', /h\("b"/],
    ['function d(t: any, k: string, p: PropertyDescriptor) {}\nclass A { @d m() {} }', /__decorateClass\(/],
    ['function d(v: any, context: ClassMethodDecoratorContext) {}\nclass A { @d m() {} }', /__decorateElement\(/],
  ])('%s', (code, expected) => {
    expect(made(code).code).toMatch(expected);
  });
});

test('its places map to those of its source', () => {
  const { code, placeOf } = made('interface A {}\n\nthrow new Error("x")');
  expect(code).toBe('throw new Error("x");');
  expect(placeOf(1, 7)).toEqual({ line: 3, column: 7 });
});

test('what is no TypeScript is a SyntaxError that points at the place', () => {
  const stackOf = (code: string): unknown => {
    try {
      return made(code);
    } catch (error) {
      return error instanceof SyntaxError ? error.stack : error;
    }
  };
  expect(stackOf('let a = 1;\nconst x: = 1')).toMatch(/^\/work\/main\.ts:2\nconst x: = 1\n {9}\^\n\nSyntaxError: /);
});
