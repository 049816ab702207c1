import { expect, test } from '@jest/globals';
import { IS_FULL } from '../test-kit/depth.ts';
import { fc } from '../test-kit/property.ts';

const seeds = (): number | undefined => fc.check(fc.property(fc.nat(), () => true)).seed;

test('a property is tried with the same values in each run of a commit, and with new ones at full depth', () => {
  expect(new Set([seeds(), seeds(), seeds()]).size).toBe(IS_FULL ? 3 : 1);
});

test('a property that fails tells how to keep the counterexample', () => {
  const run = () => fc.assert(fc.property(fc.constant('x'), (value) => value.length > 1));
  expect(run).toThrow('fc.assert(fc.property(...), { examples: [["x"]] })');
  expect(run).toThrow(/seed: -?\d+, path: "0"/);
});
