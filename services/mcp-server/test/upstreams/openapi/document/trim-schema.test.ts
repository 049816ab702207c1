import { expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fc } from '@toolmesh/shared/test-kit/property';
import { TRIM_LEVELS, trimSchema } from '../../../../src/upstreams/openapi/document/trim-schema.ts';

const names = fc.constantFrom('a', 'b', 'c');
const leaf = fc.oneof(
  fc.constant({ type: 'string', description: 'Words. '.repeat(100) }),
  fc.constant({ type: ['integer', 'null'], minimum: 1 }),
  fc.constant({ enum: Array.from({ length: 40 }, (_, i) => `v${i}`) }),
  fc.constant({ $ref: '#/$defs/Self' }),
  fc.constant({ $ref: '#/$defs/Pair' }),
  fc.constant({ not: { type: 'string' } }),
);

const { schema } = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(names, tie('schema'), { maxKeys: 3 }),
      required: fc.uniqueArray(names, { maxLength: 1 }),
      additionalProperties: fc.boolean(),
    }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
  ),
}));

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('x', 'v7', 1, 0, null, true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3 }),
  ),
}));

const $defs = {
  Self: { type: 'object', properties: { a: { $ref: '#/$defs/Self' }, b: { type: 'integer' } }, required: ['b'] },
  Pair: { allOf: [{ $ref: '#/$defs/Self' }, { type: 'object', properties: { c: { type: 'string' } } }] },
};

const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false, addUsedSchema: false });

test('a trimmed schema accepts all that the whole one accepts', () => {
  fc.assert(
    fc.property(fc.dictionary(names, schema), fc.dictionary(names, value), (properties, args) => {
      const whole = { type: 'object', properties, additionalProperties: false, $defs };
      fc.pre(ajv.validate(whole, args));
      for (const level of TRIM_LEVELS) {
        const trimmed = trimSchema(whole, level, 100_000);
        if (trimmed === undefined) continue;
        expect(ajv.validate(trimmed, args)).toBe(true);
      }
    }),
    // Each run compiles seven schemas.
    { numRuns: 25 },
  );
});

test('references that go in a circle end, and a schema beyond its limit is none', () => {
  const circle = {
    type: 'object',
    properties: { a: { $ref: '#/$defs/A' } },
    $defs: { A: { $ref: '#/$defs/B' }, B: { allOf: [{ $ref: '#/$defs/A' }] } },
  };
  for (const level of TRIM_LEVELS) {
    expect(trimSchema(circle, level, 10_000)).toMatchObject({ type: 'object' });
    expect(trimSchema(circle, level, 3)).toBeUndefined();
  }
});
