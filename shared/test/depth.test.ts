import { describe, expect, test } from '@jest/globals';
import { isDeepJson, isDeepValue } from '../kit/json/depth.ts';
import { fc } from '../test-kit/property.ts';

/** Returns an array of `levels` levels, as text. */
const nested = (levels: number, inner = ''): string => '['.repeat(levels) + inner + ']'.repeat(levels);

/** Returns the levels of a value, by recursion: the definition that the scans must agree with. */
const levelsOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(levelsOf)) : 0;

describe('the levels of JSON', () => {
  test.each([
    ['64 levels', nested(64), false],
    ['65 levels', nested(65), true],
    ['65 levels of objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, true],
    ['65 levels behind a long and shallow part', `[${'[],'.repeat(1_000)}${nested(64)}]`, true],
    ['brackets in a string', JSON.stringify({ a: '['.repeat(1_000) }), false],
    ['brackets behind an escaped quote', JSON.stringify({ a: `"${'['.repeat(1_000)}` }), false],
    ['brackets behind a string that ends with a backslash', `["\\\\",${nested(64)}]`, true],
    ['brackets in a string of letters beyond ASCII', JSON.stringify({ a: `ä€😀∢${'['.repeat(100)}` }), false],
    ['levels behind letters beyond ASCII', `["∢Ģ",${nested(64)}]`, true],
    ['many levels that never end', '['.repeat(1_000_000), true],
  ])('%s', (_name, json, expected) => {
    expect([isDeepJson(json), isDeepJson(Buffer.from(json))]).toEqual([expected, expected]);
  });

  test('are counted alike in text, in bytes and in values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.integer({ min: 0, max: 6 }), (value, max) => {
        const json = JSON.stringify(value);
        const expected = levelsOf(value) > max;
        expect([isDeepJson(json, max), isDeepJson(Buffer.from(json), max), isDeepValue(value, max)]).toEqual([
          expected,
          expected,
          expected,
        ]);
      }),
    );
  });
});
