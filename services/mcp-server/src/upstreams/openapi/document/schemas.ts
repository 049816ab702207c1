import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import type { OpenApiDocument } from './document.ts';
import { DocumentProblem, type JsonObject } from './references.ts';
import { fileSchema, isBinary } from './file-schema.ts';

/** The direction of a value: a request has no read-only fields, a response no write-only ones. */
export type Direction = 'request' | 'response';

/** Turns the schemas of one operation into JSON Schema 2020-12 that stands on its own. */
export interface SchemaConverter {
  /** Converts a schema; its references point into {@link definitions}. @throws DocumentProblem for one that is broken. */
  convert(schema: unknown): JsonSchema;
  /**
   * Converts with a reference at the top resolved, so that `type` and `properties` can be read. `takesFiles`: strings of
   * bytes become files.
   */
  convertTop(schema: unknown, takesFiles?: boolean): JsonSchema;
  /** Returns the schemas that were referred to, by name: `$defs`. Undefined if there are none. */
  definitions(): JsonSchema | undefined;
}

const ONE = ['items', 'additionalProperties', 'not', 'contains', 'propertyNames', 'if', 'then', 'else'];
const MANY = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const NAMED = ['properties', 'patternProperties', 'dependentSchemas'];
/** Copied as they are. Keywords in none of these lists do not matter to a caller: `xml`, `discriminator`, `x-…`. */
const PLAIN =
  `type enum const format title description default examples deprecated required multipleOf maximum exclusiveMaximum
  minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains
  maxProperties minProperties dependentRequired contentEncoding contentMediaType`.split(/\s+/);

/** Deeper than any schema that a person wrote. */
const MAX_DEPTH = 64;
/** A schema that no model would read, even as a part of one. */
const MAX_CHARS = 256 * 1_024;

/** The size of a schema is beyond all use; the document says nothing wrong. */
export class SchemaTooLarge extends DocumentProblem {}

/** Makes a converter. References beyond `maxDefinitions` accept anything. @throws SchemaTooLarge by its methods. */
export function createSchemaConverter(
  document: OpenApiDocument,
  direction: Direction,
  maxDefinitions: number,
): SchemaConverter {
  const names = new Map<string, string>();
  const definitions = new Map<string, JsonSchema>();
  const spend = createAllowance(MAX_CHARS);
  let takesFiles = false;
  const hidden = direction === 'request' ? 'readOnly' : 'writeOnly';

  const refer = (reference: string): JsonSchema => {
    const known = names.get(reference);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const target = document.follow(reference);
    if (names.size >= maxDefinitions) return {};
    const name = freeName(reference, definitions);
    // Set before it is converted, for it may refer to itself.
    names.set(reference, name);
    definitions.set(name, {});
    definitions.set(name, convert(target, 0));
    return { $ref: `#/$defs/${name}` };
  };

  const convert = (schema: unknown, depth: number): JsonSchema => {
    spend(2);
    if (schema === false) return { not: {} };
    if (!isRecord(schema) || depth > MAX_DEPTH) return {};
    const reference = schema['$ref'];
    if (takesFiles && reference === undefined && isBinary(schema)) return fileSchema(schema['description']);
    if (typeof reference === 'string') {
      const target = refer(reference);
      // In 3.0 the keywords beside a reference are ignored.
      if (document.version === '3.0' || Object.keys(schema).length === 1) return target;
      return { ...keywordsOf(schema, { spend, hidden, convert: (one) => convert(one, depth + 1) }), ...target };
    }
    const converted = keywordsOf(schema, { spend, hidden, convert: (one) => convert(one, depth + 1) });
    return document.version === '3.0' ? modernize(schema, converted) : converted;
  };

  return {
    convert: (schema) => convert(schema, 0),
    convertTop(schema, withFiles = false) {
      takesFiles = withFiles;
      const converted = convert(isRecord(schema) ? document.resolve(schema) : schema, 0);
      takesFiles = false;
      return converted;
    },
    definitions: () => (names.size === 0 ? undefined : Object.fromEntries(definitions)),
  };
}

interface KeywordRules {
  readonly spend: Spend;
  /** The keyword of properties that this direction does not have. */
  readonly hidden: string;
  /** Converts a schema within this one. */
  readonly convert: (schema: unknown) => JsonSchema;
}

/** Converts the keywords of a schema, without references. */
function keywordsOf(schema: JsonObject, { spend, hidden, convert }: KeywordRules): Record<string, unknown> {
  const result = plainKeywords(schema, spend);
  for (const key of ONE) {
    const value = schema[key];
    if (typeof value === 'boolean') result[key] = value;
    else if (value !== undefined) result[key] = convert(value);
  }
  for (const key of MANY) {
    const value = schema[key];
    if (Array.isArray(value)) result[key] = value.map(convert);
  }
  for (const key of NAMED) {
    const value = schema[key];
    if (!isRecord(value)) continue;
    result[key] = mapVisible(value, hidden, convert);
    if (key === 'properties') dropHidden(result, value, hidden);
  }
  if (schema['example'] !== undefined) result['examples'] ??= [schema['example']];
  return result;
}

/** Takes a number of characters from what is left. @throws SchemaTooLarge when nothing is. */
type Spend = (chars: number) => void;

function createAllowance(total: number): Spend {
  let left = total;
  return (chars) => {
    left -= chars;
    if (left < 0) throw new SchemaTooLarge('the schema of its arguments is too large');
  };
}

function plainKeywords(schema: JsonObject, spend: Spend): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of PLAIN) {
    if (schema[key] === undefined) continue;
    spend(JSON.stringify(schema[key]).length);
    result[key] = schema[key];
  }
  return result;
}

/** Maps the schemas of an object, without those that this direction does not have. */
function mapVisible(schemas: JsonObject, hidden: string, map: (schema: unknown) => JsonSchema): JsonSchema {
  const visible = Object.entries(schemas).filter(([, schema]) => !(isRecord(schema) && schema[hidden] === true));
  return Object.fromEntries(visible.map(([name, schema]) => [name, map(schema)]));
}

/** Hidden fields cannot be required. */
function dropHidden(result: Record<string, unknown>, properties: JsonObject, hidden: string): void {
  if (!Array.isArray(result['required'])) return;
  const isHidden = (name: unknown): boolean => {
    const property = typeof name === 'string' && Object.hasOwn(properties, name) ? properties[name] : undefined;
    return isRecord(property) && property[hidden] === true;
  };
  result['required'] = result['required'].filter((name) => !isHidden(name));
}

/** Translates the keywords of OpenAPI 3.0: `nullable`, and bounds that are exclusive by a flag. */
function modernize(schema: JsonObject, converted: JsonSchema): JsonSchema {
  const result: Record<string, unknown> = { ...converted };
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof schema[flag] !== 'boolean') continue;
    delete result[flag];
    if (schema[flag] && result[bound] !== undefined) {
      result[flag] = result[bound];
      delete result[bound];
    }
  }
  if (schema['nullable'] !== true && schema['x-nullable'] !== true) return result;
  if (Array.isArray(result['enum']) && !result['enum'].includes(null)) result['enum'] = [...result['enum'], null];
  if (typeof result['type'] === 'string') return { ...result, type: [result['type'], 'null'] };
  const isOpen = Object.keys(result).every((key) => ['description', 'title', 'examples', 'default'].includes(key));
  return isOpen ? result : { anyOf: [result, { type: 'null' }] };
}

/** The last part of a reference, as a name that is not taken. */
function freeName(reference: string, taken: ReadonlyMap<string, unknown>): string {
  const last = reference.slice(reference.lastIndexOf('/') + 1).replaceAll(/[^A-Za-z0-9_.-]+/g, '_') || 'schema';
  let name = last;
  for (let i = 2; taken.has(name); i += 1) name = `${last}_${i}`;
  return name;
}
