import type { JsonSchema } from '../../contracts/tool.ts';
import { isRecord } from '../json/is-record.ts';

/** The type of a JSON value, as far as a reader of a stub needs it. */
export type ValueType =
  | { readonly kind: 'any' | 'string' | 'integer' | 'number' | 'boolean' | 'null' }
  | {
      readonly kind: 'literal';
      readonly values: readonly (string | number | boolean | null)[];
      readonly isCut: boolean;
    }
  | { readonly kind: 'array'; readonly items: ValueType }
  | { readonly kind: 'object'; readonly fields: readonly Field[]; readonly isCut: boolean }
  | { readonly kind: 'union'; readonly members: readonly ValueType[] };

/** A property of an object, or a parameter of a tool. */
export interface Field {
  readonly name: string;
  readonly type: ValueType;
  readonly isRequired: boolean;
  readonly description: string;
  /** Present for a default that is no object or array. */
  readonly fallback?: string | number | boolean | null;
}

const ANY: ValueType = { kind: 'any' };
/** References that are followed one after the other. */
const MAX_STEPS = 4;
const MAX_FIELDS = 40;
const MAX_MEMBERS = 8;
/** Schemas that are looked at for one tool, however large its own are. */
const MAX_SCHEMAS = 500;
const MAX_NAME = 128;
const MAX_LITERAL = 80;
const SIMPLE = ['string', 'integer', 'number', 'boolean', 'null'] as const;

/** The part of a schema that is read: levels of objects, and choices of an enum. */
export interface Detail {
  readonly depth: number;
  readonly choices: number;
}

/** From all that a reader may want to know to what fits in a line. */
export const DETAILS: readonly Detail[] = [
  { depth: 4, choices: 20 },
  { depth: 2, choices: 8 },
  { depth: 1, choices: 3 },
];

interface Reader {
  readonly root: JsonSchema;
  readonly detail: Detail;
  left: number;
}

/** Returns the type of what a schema describes. Reads a bounded part of it; all else is `any`. */
export function readSchema(schema: JsonSchema, detail: Detail): ValueType {
  return read({ root: schema, detail, left: MAX_SCHEMAS }, schema, 0);
}

/** Returns the fields of an object's schema; none for any other. */
export function fieldsOf(
  schema: JsonSchema,
  detail: Detail,
): { readonly fields: readonly Field[]; readonly isCut: boolean } {
  const type = readSchema(schema, detail);
  return type.kind === 'object' ? type : { fields: [], isCut: false };
}

function read(reader: Reader, given: unknown, depth: number): ValueType {
  reader.left -= 1;
  const schema = resolve(reader, given);
  if (schema === undefined || depth > reader.detail.depth || reader.left <= 0) return ANY;
  const all = schema['allOf'];
  return (
    literalOf(schema, reader.detail.choices) ??
    choiceOf(schema, reader, depth) ??
    (Array.isArray(all) ? read(reader, merged(reader, schema, all), depth) : plain(reader, schema, depth))
  );
}

/** Returns the type of a schema that names one. */
function plain(reader: Reader, schema: JsonSchema, depth: number): ValueType {
  const type = schema['type'] ?? guessed(schema);
  if (type === 'array') return { kind: 'array', items: read(reader, schema['items'], depth + 1) };
  if (type === 'object') return objectOf(reader, schema, depth);
  const simple = SIMPLE.find((kind) => kind === type);
  return simple === undefined ? ANY : { kind: simple };
}

/** Returns the union of a schema that offers a choice of schemas or of types. */
function choiceOf(schema: JsonSchema, reader: Reader, depth: number): ValueType | undefined {
  const choice = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choice) && choice.length > 0) return unionOf(choice.slice(0, MAX_MEMBERS + 1), reader, depth);
  const types = schema['type'];
  if (!Array.isArray(types) || types.length === 0) return undefined;
  return unionOf(
    types.slice(0, MAX_MEMBERS).map((type) => ({ ...schema, type })),
    reader,
    depth,
  );
}

/** Follows references within the schema, as far as they lead in a few steps. */
function resolve({ root }: Reader, given: unknown): JsonSchema | undefined {
  let schema = given;
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    if (!isRecord(schema)) return undefined;
    const reference = schema['$ref'];
    if (typeof reference !== 'string') return schema;
    schema = pointed(root, reference);
  }
  return undefined;
}

function pointed(root: JsonSchema, reference: string): unknown {
  if (!reference.startsWith('#') || reference.length > 1_024) return undefined;
  let value: unknown = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

type Literal = string | number | boolean | null;

const isLiteral = (value: unknown): value is Literal =>
  value === null || typeof value === 'number' || typeof value === 'boolean' || isShort(value);

const isShort = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_LITERAL;

function literalOf(schema: JsonSchema, max: number): ValueType | undefined {
  if (isLiteral(schema['const'])) return { kind: 'literal', values: [schema['const']], isCut: false };
  const choices = schema['enum'];
  if (!Array.isArray(choices) || choices.length === 0) return undefined;
  const shown = choices.slice(0, max);
  const values = shown.filter(isLiteral);
  return values.length < shown.length ? undefined : { kind: 'literal', values, isCut: choices.length > shown.length };
}

function unionOf(choices: readonly unknown[], reader: Reader, depth: number): ValueType {
  const members = new Map<string, ValueType>();
  for (const choice of choices) {
    const type = read(reader, choice, depth);
    if (type.kind === 'any') return ANY;
    for (const member of type.kind === 'union' ? type.members : [type]) members.set(JSON.stringify(member), member);
  }
  const [first = ANY, ...others] = members.values();
  return others.length === 0 ? first : { kind: 'union', members: [first, ...others].slice(0, MAX_MEMBERS) };
}

/** Returns one schema for `allOf`: the properties of all its parts. */
function merged(reader: Reader, { allOf: _, ...own }: JsonSchema, parts: readonly unknown[]): JsonSchema {
  const known = [own, ...parts.slice(0, MAX_MEMBERS).map((part) => resolve(reader, part) ?? {})];
  const properties = Object.assign(
    {},
    ...known.map((part) => (isRecord(part['properties']) ? part['properties'] : {})),
  );
  const required = known.flatMap((part) => (Array.isArray(part['required']) ? part['required'] : []));
  const { allOf: _inner, ...rest }: JsonSchema = Object.assign({}, ...known.toReversed());
  return Object.keys(properties).length === 0 ? rest : { ...rest, properties, required };
}

function guessed(schema: JsonSchema): string | undefined {
  if (isRecord(schema['properties'])) return 'object';
  return 'items' in schema ? 'array' : undefined;
}

function objectOf(reader: Reader, schema: JsonSchema, depth: number): ValueType {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const listed = Array.isArray(schema['required']) ? schema['required'].slice(0, 1_000) : [];
  const required = new Set(listed);
  const names = Object.keys(properties).filter((name) => name.length <= MAX_NAME);
  const ordered = names.length <= MAX_FIELDS ? names : byNeed(names, required);
  const fields = ordered.slice(0, MAX_FIELDS).map((name): Field => {
    const field = resolve(reader, properties[name]) ?? {};
    const { description, default: fallback } = field;
    return {
      name,
      type: read(reader, field, depth + 1),
      isRequired: required.has(name),
      description: typeof description === 'string' ? description : '',
      ...(isLiteral(fallback) ? { fallback } : {}),
    };
  });
  return { kind: 'object', fields, isCut: Object.keys(properties).length > fields.length };
}

/** The required ones first: they are shown, whatever is left out. */
const byNeed = (names: readonly string[], required: ReadonlySet<unknown>): readonly string[] => [
  ...names.filter((name) => required.has(name)),
  ...names.filter((name) => !required.has(name)),
];
