import { isRecord } from '../../../kit/json/is-record.ts';
import { expected, type FieldReading, mendFields, only, type ReadField } from '../../mend/mend-fields.ts';

/** Schemas that allow every object, as some libraries write them: PHP makes a list of what is empty. */
const isOpen = (value: unknown): boolean =>
  value === undefined || value === null || value === true || (Array.isArray(value) && value.length === 0);

/**
 * Reads the schema of a tool's arguments, which are always an object. Without a type it is given one; the value is
 * undefined for a schema that no object can fit: the tool cannot be called then.
 */
export function readInputSchema(value: unknown): FieldReading {
  if (isOpen(value)) return { value: { type: 'object' }, problem: expected('a JSON Schema of an object', value) };
  if (!isRecord(value)) return { value: undefined, problem: expected('a JSON Schema of an object', value) };
  return ofObject(value);
}

/**
 * Reads the schema of a tool's structured content. Before 2026-07-28 that is always an object, and a schema without a
 * type is given this one. One that cannot be used is left away: the tool works without.
 */
export const readOutputSchema =
  (isLegacy: boolean): ReadField =>
  (value) => {
    if (!isRecord(value)) return { value: undefined, problem: expected('a JSON Schema', value) };
    const { type } = value;
    if (isObjectType(type) || type === null) return ofObject(value);
    if (type !== undefined) {
      if (isTypeName(type) || Array.isArray(type)) return { value };
      return { value: undefined, problem: `type: ${expected('a type of JSON Schema', type)}` };
    }
    if (!isLegacy && !isRecord(value['properties'])) return { value };
    if (Object.keys(value).length === 0) return { value: undefined, problem: 'says nothing' };
    return ofObject(value);
  };

const TYPES = new Set<unknown>(['string', 'number', 'integer', 'boolean', 'array', 'null', 'object']);
const isTypeName = (type: unknown): boolean => TYPES.has(type);

/** Returns whether a type allows objects; some programs write it in capitals. */
const isObjectType = (type: unknown): boolean =>
  Array.isArray(type) ? type.some(isObjectType) : typeof type === 'string' && type.toLowerCase() === 'object';

/** Reads a schema as that of an object. */
function ofObject(schema: Readonly<Record<string, unknown>>): FieldReading {
  const { type } = schema;
  if (type !== undefined && type !== null && !isObjectType(type)) {
    return { value: undefined, problem: `type: ${expected('"object"', type)}` };
  }
  const { item, problems } = mendFields(schema, KEYWORDS);
  if (type === 'object') return { value: item, problem: problems.length === 0 ? undefined : problems.join(', ') };
  const problem = [`type: ${expected('"object"', type)}`, ...problems].join(', ');
  return { value: { ...item, type: 'object' }, problem };
}

const readProperty: ReadField = (value) => {
  if (isRecord(value)) return { value };
  // JSON Schema has these, but clients of 2025 refuse a whole list for them.
  if (typeof value === 'boolean') return { value: value ? {} : { not: {} } };
  return { value: {}, problem: expected('a JSON Schema', value) };
};

const readProperties: ReadField = (value) => {
  if (isOpen(value)) return { value: {}, problem: expected('an object', value) };
  if (!isRecord(value)) return { value: undefined, problem: expected('an object', value) };
  const readers = Object.fromEntries(Object.keys(value).map((key) => [key, readProperty]));
  const { item, problems } = mendFields(value, readers);
  return { value: item, problem: problems.length === 0 ? undefined : problems.join(', ') };
};

const readRequired: ReadField = (value) => {
  if (!Array.isArray(value)) return { value: undefined, problem: expected('a list of names', value) };
  const names = value.filter((name) => typeof name === 'string');
  return names.length === value.length ? { value } : { value: names, problem: 'names must be text' };
};

const KEYWORDS: Readonly<Record<string, ReadField>> = {
  $schema: only('text', (value) => typeof value === 'string'),
  properties: readProperties,
  required: readRequired,
};
