import { describe, expect, test } from '@jest/globals';
import { approximate, mayHoldLargeNumbers, parseExact } from '../../kit/json/exact-json.ts';
import { fc } from '../../test-kit/property.ts';

describe('parseExact', () => {
  test.each([
    '{"id":9007199254740993}',
    '[-9007199254740993,12345678901234567890123,1e400,12345678901234567.89]',
    String.raw`{"text":"a \" 12345678901234567890 b","n":[12345678901234567890]}`,
    '{"__proto__":12345678901234567890,"a":{"__proto__":[12345678901234567890]}}',
    '12345678901234567890',
    String.raw`["\\",12345678901234567890,"\\\"",12345678901234567891,"12345678901234567892"]`,
  ])('keeps the digits of %s', (text) => {
    expect(JSON.stringify(parseExact(text))).toBe(text);
  });

  test('returns numbers that are exact as numbers', () => {
    const text = '[9007199254740991,-1,3.1415926535897932,0.00000000000000000000001,1e10,5e-324]';
    expect(parseExact(text)).toEqual(JSON.parse(text));
  });

  test('refuses what is not JSON in the words of JSON.parse, about the text that came', () => {
    for (const text of ['[12345678901234567890', '{"a":12345678901234567890.}', '[0012345678901234567]', '[1e99,}']) {
      expect(messageOf(() => parseExact(text))).toBe(messageOf(() => JSON.parse(text)));
    }
  });

  test('returns for every JSON text what JSON.parse returns, up to the numbers that are too large', () => {
    const large = fc.bigInt().map((value) => ({ '@': String(value) }));
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'binary' }),
        fc.double(),
        large,
        fc.array(tie('json')),
        fc.dictionary(fc.string(), tie('json')),
      ),
    }));
    const write = (value: unknown) => JSON.stringify(value).replaceAll(/\{"@":"(-?\d+)"\}/g, '$1');
    fc.assert(
      fc.property(json, (value) => {
        const text = write(value);
        const exact = parseExact(text);
        expect(approximate(exact)).toEqual(JSON.parse(text));
        expect(approximate(JSON.parse(JSON.stringify(exact)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('takes time that grows with the text, however many large numbers and strings it has', () => {
    const steps = (count: number) => {
      const text = `[${'12345678901234567890,"12345678901234567890",'.repeat(count)}1]`;
      const started = process.cpuUsage();
      parseExact(text);
      const { user, system } = process.cpuUsage(started);
      return user + system;
    };
    steps(1_000);
    // Ten times the text; a quadratic way would take a hundred times as long.
    expect(steps(50_000)).toBeLessThan(50 * Math.max(steps(5_000), 1_000));
  });
});

test('mayHoldLargeNumbers looks at bytes', () => {
  expect(mayHoldLargeNumbers(Buffer.from('{"é":9007199254740993}'))).toBe(true);
  expect(mayHoldLargeNumbers(Buffer.from('{"é":900719925}'))).toBe(false);
});

test('an exact number can be made text, a number, and JSON', () => {
  const value = parseExact('12345678901234567890');
  expect([String(value), Number(value), JSON.stringify({ value })]).toEqual([
    '12345678901234567890',
    12345678901234567000,
    '{"value":12345678901234567890}',
  ]);
});

test('approximate returns a value without exact numbers itself', () => {
  const value = { a: [1, { b: 'x' }] };
  expect(approximate(value)).toBe(value);
  expect(approximate(parseExact('{"a":[12345678901234567890]}'))).toEqual({ a: [12345678901234567000] });
});

function messageOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    return String(error);
  }
  throw new Error('It was accepted');
}
