import { describe, expect, test } from '@jest/globals';
import { createForeignSchemas } from '../../kit/json/foreign-schema.ts';
import { Interrupted, runInterruptibly } from '../../kit/faults/interruptible.ts';

const STRING = { type: 'object', properties: { a: { type: 'string' } } };
const EVIL = `${'a'.repeat(60)}!`;

/** References that double at each step: 2^40 checks of any value. */
const doubling = {
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries(
    Array.from({ length: 41 }, (_, i) => [
      `d${i}`,
      i === 40 ? {} : { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
    ]),
  ),
};

describe('a schema from elsewhere', () => {
  test('is checked in full as long as that is quick, and says what is wrong', () => {
    const check = createForeignSchemas('all')({
      type: 'object',
      properties: { id: { type: 'string', pattern: '^[a-z]+$' }, at: { type: 'string', format: 'date' } },
      required: ['id'],
    });
    expect(check({ id: 'abc', at: '2026-11-29' })).toEqual([]);
    expect(check({ id: 'ABC', at: 'today' })).toMatchObject([{ keyword: 'pattern' }, { keyword: 'format' }]);
    expect(check({})).toMatchObject([{ keyword: 'required' }]);
  });

  test.each([
    ['the whole', { $ref: '#' }],
    ['a part', { $ref: '#/$defs/node' }],
  ])('may refer to %s of itself', (_name, child) => {
    const node = { type: 'object', properties: { n: { type: 'integer' }, kids: { items: child } }, required: ['n'] };
    const check = createForeignSchemas('all')({ ...node, $defs: { node } });
    expect(check({ n: 1, kids: [{ n: 2, kids: [] }] })).toEqual([]);
    expect(check({ n: 1, kids: [{ n: 'two' }, {}] })).toMatchObject([{ keyword: 'type' }, { keyword: 'required' }]);
  });

  // Each of these would take from minutes to longer than there are computers.
  test.each([
    ['an expression with nested repeats', { ...STRING, properties: { a: { pattern: '^([a-z]+)+$' } } }, { a: EVIL }],
    ['an alternation that overlaps', { ...STRING, properties: { a: { pattern: '^(a|a|aa)*$' } } }, { a: EVIL }],
    ['names by an expression', { type: 'object', patternProperties: { '^(a+)+$': {} } }, { [EVIL]: 1 }],
    ['a cubic expression on a long text', { properties: { a: { pattern: 'a*a*a*b' } } }, { a: 'a'.repeat(100_000) }],
    [
      'a list of objects that differ',
      { properties: { a: { uniqueItems: true } } },
      { a: Array.from({ length: 200_000 }, (_, i) => ({ i })) },
    ],
    [
      'a long list for a long list',
      { properties: { a: { items: { enum: Array.from({ length: 9_000 }, (_, i) => ({ i })) } } } },
      { a: Array.from({ length: 200_000 }, (_, i) => ({ j: i })) },
    ],
    ['references that double', doubling, {}],
  ])('keeps nobody waiting: %s', (_name, schema, value) => {
    const check = createForeignSchemas('all')(schema);
    // Judged by what is left of it, or not at all; and the next one is answered from that.
    expect(check(value) ?? []).toEqual([]);
    expect(check(value) ?? []).toEqual([]);
  });

  test('that took too long is still judged by its structure', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '^([a-z]+)+$' }, n: { type: 'integer' } },
      additionalProperties: false,
    };
    const check = createForeignSchemas('all')(schema);
    expect(check({ a: '1' })).toMatchObject([{ keyword: 'pattern' }]);
    expect(check({ a: EVIL })).toEqual([]);
    expect(check({ a: '1', n: 'one', b: 1 })).toMatchObject([{ keyword: 'additionalProperties' }, { keyword: 'type' }]);
  });

  test('cannot take all time, however many there are, and others go on being judged', () => {
    const checkOf = createForeignSchemas('all');
    for (let i = 0; i < 200; i += 1) {
      const check = checkOf({ ...STRING, title: String(i), properties: { a: { pattern: '^([a-z]+)+$' } } });
      expect(check({ a: EVIL }) ?? []).toEqual([]);
    }
    expect(checkOf(STRING)({ a: 1 })).toMatchObject([{ keyword: 'type' }]);
  });

  test('that is wrong, refers to nothing, or to itself alone judges nothing', () => {
    const checkOf = createForeignSchemas('all');
    for (const schema of [{ type: 7 }, { $ref: '#/$defs/none' }, { $ref: '#' }, { pattern: '(', type: 'wrong' }]) {
      expect(checkOf(schema)({ a: 1 })).toBeUndefined();
    }
    // What only its expression has wrong is judged without it.
    expect(checkOf({ properties: { a: { type: 'string', pattern: String.raw`\A[` } } })({ a: 1 })).toMatchObject([
      { keyword: 'type' },
    ]);
  });
});

describe('work that can be interrupted', () => {
  test('gives its result or its error, and ends where it is', () => {
    expect(runInterruptibly(() => 6 * 7, 1_000)).toBe(42);
    expect(() => runInterruptibly(() => JSON.parse('{'), 1_000)).toThrow(SyntaxError);
    const endless = () => {
      for (;;);
    };
    expect(() => runInterruptibly(endless, 20)).toThrow(Interrupted);
    expect(runInterruptibly(() => 'next', 1_000)).toBe('next');
  });
});
