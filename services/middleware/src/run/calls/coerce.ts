import { isDeepStrictEqual } from 'node:util';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import { z } from 'zod';

const Schemas = z.record(z.string(), z.unknown()).catch({});
const SchemaList = z.array(Schemas).catch([]);
const Names = z.array(z.string()).catch([]);
const MAX_DEPTH = 32;

/**
 * Brings a value closer to its schema where nothing is lost by it: `"42"` for a number and `42` for a text, `"true"`,
 * JSON in a string for an object or a list, null for an absent optional property. What fits already stays as it is,
 * what does not fit in any way, too: that is for the validation to say. `changed` tells whether anything was done.
 */
export function coerce(value: unknown, schema: JsonSchema): { readonly value: unknown; readonly changed: boolean } {
  const coerced = walk(value, schema, 0);
  return { value: coerced, changed: !isDeepStrictEqual(coerced, plain(value)) };
}

function walk(value: unknown, schema: JsonSchema, depth: number): unknown {
  if (depth > MAX_DEPTH) return plain(value);
  const branches = [...SchemaList.parse(schema['anyOf']), ...SchemaList.parse(schema['oneOf'])];
  const types = [schema, ...branches].flatMap(({ type }) => (Array.isArray(type) ? type.map(String) : (type ?? [])));
  const fitting = types.length === 0 || types.includes(typeOf(value)) || (isInteger(value) && types.includes('number'));
  const converted = fitting ? value : convert(value, types.map(String));
  if (Array.isArray(converted))
    return converted.map((item) => walk(item, part([schema, ...branches], 'items'), depth + 1));
  if (typeof converted === 'object' && converted !== null) return walkObject(converted, [schema, ...branches], depth);
  return plain(converted);
}

/** Walks an object; the first of `schemas` is the schema itself, the others are its alternatives. */
function walkObject(value: object, schemas: readonly JsonSchema[], depth: number): object {
  const required = new Set(Names.parse(schemas[0]?.['required']));
  const rest = part(schemas, 'additionalProperties');
  const known = Object.assign({}, ...schemas.map(({ properties }) => Schemas.parse(properties)));
  const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
    const isKnown = Object.hasOwn(known, key);
    const inner = isKnown ? Schemas.parse(known[key]) : rest;
    if (item === null && isKnown && !required.has(key) && !allowsNull(inner)) return [];
    return [[key, walk(item, inner, depth + 1)]];
  });
  return Object.fromEntries(entries);
}

/** Returns the schema of a part: the only one that the schema and its alternatives have. */
function part(schemas: readonly JsonSchema[], key: string): JsonSchema {
  const found = schemas.flatMap((one) => (one[key] === undefined ? [] : [Schemas.parse(one[key])]));
  return found.length === 1 ? (found[0] ?? {}) : {};
}

function allowsNull(schema: JsonSchema): boolean {
  const { type, enum: values, anyOf, oneOf } = schema;
  if (type === undefined && values === undefined && anyOf === undefined && oneOf === undefined) return true;
  if (type === 'null' || (Array.isArray(type) && type.includes('null'))) return true;
  if (Array.isArray(values) && values.includes(null)) return true;
  return [...SchemaList.parse(anyOf), ...SchemaList.parse(oneOf)].some(allowsNull);
}

/** Converts a value to one of `types` where nothing is lost; returns it as it is where none fits. */
function convert(value: unknown, types: readonly string[]): unknown {
  if (typeof value === 'string') return convertText(value, types);
  const isScalar = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
  return types.includes('string') && isScalar ? String(value) : value;
}

/** The conversions of text, in the order in which they are tried. Each returns undefined where it does not apply. */
const CONVERSIONS: readonly (readonly [type: string, (text: string) => unknown])[] = [
  ['integer', (text) => (INTEGER.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined)],
  ['number', (text) => (NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined)],
  ['boolean', (text) => (/^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined)],
  ['object', (text) => (text.startsWith('{') ? parseJson(text) : undefined)],
  ['array', (text) => (text.startsWith('[') ? parseJson(text) : undefined)],
];

function convertText(value: string, types: readonly string[]): unknown {
  const text = value.trim();
  for (const [type, conversion] of CONVERSIONS) {
    const converted = types.includes(type) ? conversion(text) : undefined;
    if (converted !== undefined) return converted;
  }
  return value;
}

const INTEGER = /^-?(0|[1-9]\d*)$/;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

const isInteger = (value: unknown): boolean => typeof value === 'bigint' || Number.isInteger(value);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isInteger(value)) return 'integer';
  return typeof value;
}

/** Replaces the bigints of the parser by numbers, as JSON has them. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
