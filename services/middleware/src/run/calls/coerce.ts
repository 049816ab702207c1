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
  if (Array.isArray(converted)) return converted.map((item) => walk(item, part(schema, branches, 'items'), depth + 1));
  if (typeof converted === 'object' && converted !== null) return walkObject(converted, schema, branches, depth);
  return plain(converted);
}

function walkObject(value: object, schema: JsonSchema, branches: readonly JsonSchema[], depth: number): object {
  const required = new Set(Names.parse(schema['required']));
  const rest = part(schema, branches, 'additionalProperties');
  const known = Object.assign({}, ...[schema, ...branches].map(({ properties }) => Schemas.parse(properties)));
  const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
    const isKnown = Object.hasOwn(known, key);
    const inner = isKnown ? Schemas.parse(known[key]) : rest;
    if (item === null && isKnown && !required.has(key) && !allowsNull(inner)) return [];
    return [[key, walk(item, inner, depth + 1)]];
  });
  return Object.fromEntries(entries);
}

/** The schema of a part: the schema's own, or the only one that its alternatives have. */
function part(schema: JsonSchema, branches: readonly JsonSchema[], key: string): JsonSchema {
  const found = [schema, ...branches].flatMap((one) => (one[key] === undefined ? [] : [Schemas.parse(one[key])]));
  return found.length === 1 ? (found[0] ?? {}) : {};
}

function allowsNull(schema: JsonSchema): boolean {
  const { type, enum: values, anyOf, oneOf } = schema;
  if (type === undefined && values === undefined && anyOf === undefined && oneOf === undefined) return true;
  if (type === 'null' || (Array.isArray(type) && type.includes('null'))) return true;
  if (Array.isArray(values) && values.includes(null)) return true;
  return [...SchemaList.parse(anyOf), ...SchemaList.parse(oneOf)].some(allowsNull);
}

function convert(value: unknown, types: readonly string[]): unknown {
  const wants = (type: string) => types.includes(type);
  if (typeof value === 'string') {
    const text = value.trim();
    if (wants('integer') && /^-?(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
    if (wants('number') && NUMBER.test(text) && Number.isFinite(Number(text))) return Number(text);
    if (wants('boolean') && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
    const inner = /^[[{]/.test(text) ? parseJson(text) : undefined;
    if (wants('object') && typeOf(inner) === 'object') return inner;
    if (wants('array') && Array.isArray(inner)) return inner;
    return value;
  }
  const isScalar = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
  if (wants('string') && isScalar) return String(value);
  return value;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

const isInteger = (value: unknown): boolean => typeof value === 'bigint' || Number.isInteger(value);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isInteger(value)) return 'integer';
  return typeof value;
}

/** Without the bigints of the parser: as JSON has it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
