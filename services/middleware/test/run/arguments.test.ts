import { describe, expect, test } from '@jest/globals';
import type { JsonSchema, Tool } from '@toolmesh/shared/contracts/tool';
import { fc } from '@toolmesh/shared/test-kit/property';
import { prepareCall } from '../../src/run/calls/prepare-call.ts';

const toolWith = (properties: JsonSchema, more: JsonSchema = {}): Tool => ({
  name: 'do',
  description: '',
  input_schema: { type: 'object', properties, ...more },
  annotations: {},
});

const prepare = (sent: unknown, tool: Tool) => prepareCall({ id: 'a', name: 'do', arguments: sent }, [tool]);

describe('the arguments of a call', () => {
  const levels = (count: number): string => '['.repeat(count) + ']'.repeat(count);
  const deep: [string, unknown, JsonSchema][] = [
    ['as text', `{"x":${levels(62)}}`, {}],
    ['as text of 20 000 levels', `{"x":${levels(20_000)}}`, {}],
    ['as a value', { x: JSON.parse(levels(20_000)) }, {}],
    ['as text whose own quotes hide them', `{'a"':'b', "x": ${levels(100_000)}, 'c"': 1}`, {}],
    ['as text in text', JSON.stringify({ x: `{"y":[${levels(40)}]}`, z: levels(62) }), { type: ['object', 'array'] }],
  ];
  test.each(deep)('may not be nested too deep: %s', (_name, sent, schema) => {
    const call = prepare(sent, toolWith({ x: schema, z: schema }));
    expect(call.problem).toMatchObject({ code: 'invalid_arguments' });
    expect(JSON.stringify(call.arguments).length).toBeGreaterThan(0);
  });

  test('may have 62 levels, which fit into a message to the hub', () => {
    expect(prepare(`{"x":${levels(61)}}`, toolWith({ x: {} })).problem).toBeUndefined();
  });

  const typed: [string, JsonSchema, unknown, unknown][] = [
    ['text for a number', { type: 'number' }, '"4.5"', 4.5],
    ['text for an integer', { type: 'integer' }, '"42"', 42],
    ['a number for a text', { type: 'string' }, '42', '42'],
    ['a huge id for a text, to the last digit', { type: 'string' }, '12345678901234567890', '12345678901234567890'],
    ['text for a boolean', { type: 'boolean' }, '"True"', true],
    ['a list in a text', { type: 'array', items: { type: 'integer' } }, '"[1,\\"2\\"]"', [1, 2]],
    ['an object in a text', { type: 'object' }, '"{\\"a\\":1}"', { a: 1 }],
    ['text for an optional number', { anyOf: [{ type: 'integer' }, { type: 'null' }] }, '"7"', 7],
    [
      'text for a number deep inside',
      { type: 'object', properties: { n: { type: 'integer' } } },
      '{"n":"1"}',
      { n: 1 },
    ],
  ];
  test.each(typed)('are converted to the type of the schema: %s', (_name, schema, sent, value) => {
    const call = prepare(`{"x":${String(sent)}}`, toolWith({ x: schema }));
    expect(call).toMatchObject({ arguments: { x: value }, repair: 'type' });
    expect(call.problem).toBeUndefined();
  });

  const kept: [string, JsonSchema, unknown][] = [
    ['text that is to be text, though it looks like a number', { type: 'string' }, '007'],
    ['text where both may be', { type: ['string', 'integer'] }, '42'],
    ['null where it may be', { type: ['string', 'null'] }, null],
    ['a whole number for a number', { type: 'number' }, 3],
    ['anything where nothing is said', {}, '42'],
  ];
  test.each(kept)('stay as they are: %s', (_name, schema, value) => {
    const call = prepare(JSON.stringify({ x: value }), toolWith({ x: schema }, { required: ['x'] }));
    expect(call).toEqual(expect.objectContaining({ arguments: { x: value } }));
    expect(call.repair).toBeUndefined();
    expect(call.problem).toBeUndefined();
  });

  test('lose a null that stands for "not given", and only that', () => {
    const schema = toolWith({ a: { type: 'string' }, b: { type: 'string' } }, { required: ['b'] });
    expect(prepare('{"a":null,"b":"x"}', schema)).toMatchObject({ arguments: { b: 'x' }, repair: 'type' });
    expect(prepare('{"b":null}', schema).problem).toMatchObject({ code: 'invalid_arguments' });
    expect(prepare('null', schema).problem?.message).toContain('must be one JSON object; received "null"');
  });

  const syntax: [string, string, unknown][] = [
    ['single quotes', "{'x':'a'}", { x: 'a' }],
    ['a comma too many', '{"x":"a",}', { x: 'a' }],
    ['names without quotes', '{x:"a"}', { x: 'a' }],
    ['Python’s words', '{"x":True}', { x: true }],
    ['a comment', '{"x":"a" /* why */}', { x: 'a' }],
    ['a fence around', '```json\n{"x":"a"}\n```', { x: 'a' }],
    ['a line break in a text', '{"x":"a\nb"}', { x: 'a\nb' }],
  ];
  test.each(syntax)('are repaired where only the syntax is wrong: %s', (_name, text, value) => {
    expect(prepare(text, toolWith({ x: {} }))).toMatchObject({ arguments: value, repair: 'syntax' });
  });

  test.each(['{"x":', '{"x":"rm -rf /ho', '{"x":{"y":1}', '{"x":[1,2', "{'x':'a"])(
    'are never completed where they were cut off: %s',
    (text) => {
      const { problem, repair } = prepare(text, toolWith({ x: {} }));
      expect(problem).toMatchObject({ code: 'invalid_arguments' });
      expect(repair).toBeUndefined();
    },
  );

  test('that are invalid are reported with the part of the schema that they break', () => {
    const schema = toolWith(
      {
        zone: { type: 'string' },
        unit: { enum: ['s', 'm'] },
        other: { type: 'string', description: 'x'.repeat(9_000) },
      },
      { required: ['zone'], additionalProperties: false },
    );
    const { problem } = prepare('{"unit":"h","more":1}', schema);
    expect(problem?.message).toMatch(/zone: is required.*more: is not known here.*unit: must be one of \["s","m"\]/s);
    expect(problem?.details).toMatchObject({
      schema: { required: ['zone'], properties: { unit: { enum: ['s', 'm'] } } },
    });
    expect(JSON.stringify(problem?.details).length).toBeLessThan(2_000);
  });

  test('are checked by the tool itself where the schema cannot be used here', () => {
    expect(prepare('{"x":"aaaa!"}', toolWith({ x: { type: 'string', pattern: '^(a+)+$' } })).problem).toBeUndefined();
    expect(prepare('{"x":1}', toolWith({ x: { type: 'nonsense' } })).problem).toBeUndefined();
    expect(
      prepare('{"x-a":1}', toolWith({}, { patternProperties: { '^x-': {} }, additionalProperties: false })).problem,
    ).toBeUndefined();
  });

  test('stay as they are when they are valid', () => {
    const tool = toolWith({
      a: { type: 'integer' },
      b: { type: 'array', items: { type: 'string' } },
      c: { type: 'object' },
    });
    const value = fc.record({
      a: fc.integer(),
      b: fc.array(fc.string()),
      c: fc.dictionary(fc.string(), fc.jsonValue()),
    });
    fc.assert(
      fc.property(value, (sent) => {
        const plain: unknown = JSON.parse(JSON.stringify(sent));
        expect(prepare(JSON.stringify(sent), tool)).toEqual(expect.objectContaining({ arguments: plain }));
      }),
    );
  });

  test('are prepared without an exception, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const call = prepare(text, toolWith({ x: { type: 'integer' } }));
        expect(call.problem === undefined || call.problem.code === 'invalid_arguments').toBe(true);
      }),
    );
  });
});
