import { describe, expect, test } from '@jest/globals';
import { isRecord } from '../kit/json/is-record.ts';
import { RawNumber } from '../kit/json/raw-number.ts';
import { parseJson } from '../kit/json/parse-json.ts';

describe('parseJson', () => {
  test('returns the value of JSON text', () => {
    expect(parseJson('{"a":[1,null]}')).toEqual({ a: [1, null] });
    expect(parseJson('null')).toBeNull();
  });

  test.each(['', '{', 'undefined', '{"a":1} more'])('returns undefined for %j, which is not JSON', (text) => {
    expect(parseJson(text)).toBeUndefined();
  });

  test('keeps large numbers exact', () => {
    expect(JSON.stringify(parseJson('{"a":12345678901234567890}'))).toBe('{"a":12345678901234567890}');
  });
});

test.each([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [new RawNumber('12345678901234567890'), false],
  [null, false],
  ['text', false],
  [undefined, false],
])('isRecord(%j) is %j', (value, expected) => {
  expect(isRecord(value)).toBe(expected);
});
