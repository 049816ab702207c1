import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { isRawNumber } from '@toolmesh/shared/kit/json/raw-number';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';

const MAX_DEPTH = 32;
const EMPTY: JsonSchema = {};

/** Parts of a schema stay the same objects, so that what is known of them is found again for each item of a list. */
const schemaOf = (value: unknown): JsonSchema => (isRecord(value) ? value : EMPTY);
const schemasOf = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? value.map(schemaOf) : []);

/** The facts of one schema that a value is judged by. */
interface Facts {
  /** The types of the schema and its alternatives. */
  readonly types: ReadonlySet<string>;
  readonly allowsNull: boolean;
  readonly required: ReadonlySet<unknown>;
  readonly properties: ReadonlyMap<string, JsonSchema>;
  readonly items: JsonSchema;
  readonly rest: JsonSchema;
}

const factsOf = new WeakMap<JsonSchema, Facts>();

function read(schema: JsonSchema): Facts {
  const known = factsOf.get(schema);
  if (known !== undefined) return known;
  const schemas = [schema, ...schemasOf(schema['anyOf']), ...schemasOf(schema['oneOf'])];
  const { required } = schema;
  const facts: Facts = {
    types: new Set(schemas.flatMap(({ type }) => (Array.isArray(type) ? type : (type ?? []))).map(String)),
    allowsNull: allowsNull(schema),
    required: new Set(Array.isArray(required) ? required : []),
    properties: new Map(
      schemas
        .flatMap(({ properties }) => Object.entries(schemaOf(properties)))
        .map(([name, one]) => [name, schemaOf(one)]),
    ),
    items: part(schemas, 'items'),
    rest: part(schemas, 'additionalProperties'),
  };
  factsOf.set(schema, facts);
  return facts;
}

/**
 * Brings a value closer to its schema where nothing is lost by it: `"42"` for a number and `42` for a text, `"true"`,
 * JSON in a string for an object or a list, null for an absent optional property. What fits already stays as it is,
 * what does not fit in any way, too: that is for the validation to say. `changed` tells whether anything was done.
 */
export function coerce(value: unknown, schema: JsonSchema): { readonly value: unknown; readonly changed: boolean } {
  const coerced = walk(value, schema, 0);
  return { value: coerced, changed: !isDeepStrictEqual(coerced, value) };
}

function walk(value: unknown, schema: JsonSchema, depth: number): unknown {
  if (depth > MAX_DEPTH) return value;
  const { types, items } = read(schema);
  const fitting = types.size === 0 || types.has(typeOf(value)) || (typeOf(value) === 'integer' && types.has('number'));
  const converted = fitting ? value : convert(value, types);
  if (Array.isArray(converted)) return converted.map((item) => walk(item, items, depth + 1));
  return isRecord(converted) ? walkObject(converted, schema, depth) : converted;
}

function walkObject(value: object, schema: JsonSchema, depth: number): object {
  const { required, properties, rest } = read(schema);
  const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
    const known = properties.get(key);
    if (item === null && known !== undefined && !required.has(key) && !read(known).allowsNull) return [];
    return [[key, walk(item, known ?? rest, depth + 1)]];
  });
  return Object.fromEntries(entries);
}

/** Returns the schema of a part: the only one that the schema and its alternatives have. */
function part(schemas: readonly JsonSchema[], key: string): JsonSchema {
  const found = schemas.flatMap((one) => (one[key] === undefined ? [] : [schemaOf(one[key])]));
  return found.length === 1 ? (found[0] ?? EMPTY) : EMPTY;
}

function allowsNull(schema: JsonSchema): boolean {
  const { type, enum: values, anyOf, oneOf } = schema;
  if (type === undefined && values === undefined && anyOf === undefined && oneOf === undefined) return true;
  if (type === 'null' || (Array.isArray(type) && type.includes('null'))) return true;
  if (Array.isArray(values) && values.includes(null)) return true;
  return [...schemasOf(anyOf), ...schemasOf(oneOf)].some(allowsNull);
}

/** Converts a value to one of `types` where nothing is lost; returns it as it is where none fits. */
function convert(value: unknown, types: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return convertText(value, types);
  const isScalar = typeof value === 'number' || typeof value === 'boolean' || isRawNumber(value);
  return types.has('string') && isScalar ? JSON.stringify(value) : value;
}

/** The conversions of text, in the order in which they are tried. Each returns undefined where it does not apply. */
const CONVERSIONS: readonly (readonly [type: string, (text: string) => unknown])[] = [
  ['integer', (text) => (INTEGER.test(text) ? parseJson(text) : undefined)],
  ['number', (text) => (NUMBER.test(text) && Number.isFinite(Number(text)) ? parseJson(text) : undefined)],
  ['boolean', (text) => (/^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined)],
  ['object', (text) => (text.startsWith('{') ? parseJson(text) : undefined)],
  ['array', (text) => (text.startsWith('[') ? parseJson(text) : undefined)],
];

function convertText(value: string, types: ReadonlySet<string>): unknown {
  const text = value.trim();
  for (const [type, conversion] of CONVERSIONS) {
    const converted = types.has(type) ? conversion(text) : undefined;
    if (converted !== undefined) return converted;
  }
  return value;
}

const INTEGER = /^-?(0|[1-9]\d*)$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isRawNumber(value)) return INTEGER.test(value.rawJSON) ? 'integer' : 'number';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
