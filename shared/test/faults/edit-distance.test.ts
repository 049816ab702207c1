import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { editDistance } from '../../kit/faults/edit-distance.ts';

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['requests', 'requests', 0],
  ['requests', 'request', 1],
  ['requests', 'reqeusts', 1],
  ['numpy', 'nunpi', 2],
  ['kitten', 'sitting', 3],
  ['abc', 'xyz', 3],
])('from %j to %j it takes %i edits', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
});

test('a distance above the limit is reported as larger than the limit', () => {
  expect(editDistance('kitten', 'sitting', 2)).toBeGreaterThan(2);
  expect(editDistance('kitten', 'sitting', 3)).toBe(3);
});

test('the distance is the same in both directions, zero for equal texts alone, and at most the longer length', () => {
  const text = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const edits = editDistance(a, b);
      expect(edits).toBe(editDistance(b, a));
      expect(edits === 0).toBe(a === b);
      expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});
