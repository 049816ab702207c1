import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import type { JsonObject } from './references.ts';

/** The amount of a schema that is left: less at each level. */
export interface TrimLevel {
  /** Objects within objects that are shown; deeper ones are objects of any kind. Undefined: all, by reference. */
  readonly depth: number | undefined;
  /** Characters of a description within the schema. */
  readonly description: number;
  /** Characters of the tool's own description. */
  readonly own: number;
  /** Values of an enumeration; a longer one is left out. */
  readonly values: number;
}

/** From the least to the most that is taken away. */
export const TRIM_LEVELS: readonly TrimLevel[] = [
  { depth: undefined, description: 400, own: 2_000, values: 200 },
  { depth: 4, description: 160, own: 1_000, values: 50 },
  { depth: 3, description: 100, own: 500, values: 30 },
  { depth: 2, description: 60, own: 400, values: 20 },
  { depth: 1, description: 60, own: 250, values: 12 },
  { depth: 1, description: 0, own: 120, values: 6 },
  { depth: 0, description: 0, own: 120, values: 6 },
];

/** The trimmed schema would be longer than it may be. */
class TooLong extends Error {}

/** Takes a number of characters. @throws TooLong when none are left. */
type Spend = (chars: number) => void;

/**
 * Returns a schema of at most about `maxChars` that accepts all that `schema` accepts, and more: what is left out accepts
 * anything. Undefined if it has more at this level.
 */
export function trimSchema(schema: JsonSchema, level: TrimLevel, maxChars: number): JsonSchema | undefined {
  let left = maxChars;
  const spend: Spend = (chars) => {
    left -= chars;
    if (left < 0) throw new TooLong();
  };
  try {
    return trimmedTop(schema, level, spend);
  } catch (error) {
    if (error instanceof TooLong) return undefined;
    throw error;
  }
}

const TOP: At = { depth: 0, nesting: 0 };

function trimmedTop(schema: JsonSchema, level: TrimLevel, spend: Spend): JsonSchema {
  const { $defs, ...rest } = schema;
  const definitions = isRecord($defs) ? $defs : {};
  const trim = createTrim(definitions, level, spend);
  const top = trim(rest, TOP);
  if (level.depth !== undefined || $defs === undefined) return top;
  return { ...top, $defs: mapSchemas(definitions, (one) => trim(one, TOP), spend) };
}

/** Keywords that are dropped once references are: they forbid, so that nothing is refused for want of them. */
const FORBIDDING = new Set([
  'not',
  'if',
  'then',
  'else',
  'patternProperties',
  'dependentSchemas',
  'propertyNames',
  'contains',
]);
const NAMED = new Set(['properties', 'patternProperties', 'dependentSchemas']);
const LISTED = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const SINGLE = new Set(['items', 'additionalProperties', 'not', 'contains', 'propertyNames', 'if', 'then', 'else']);

/** Schemas within schemas, of whatever kind: references may go in a circle. */
const MAX_NESTING = 32;

interface At {
  /** Objects around it. */
  readonly depth: number;
  /** Schemas around it. */
  readonly nesting: number;
}

type Trim = (schema: unknown, at: At) => JsonSchema;

function createTrim(definitions: JsonObject, level: TrimLevel, spend: Spend): Trim {
  const isWhole = level.depth === undefined;
  const maxDepth = level.depth ?? Infinity;

  const trim: Trim = (schema, at) => {
    if (!isRecord(schema)) return {};
    const deeper = { ...at, nesting: at.nesting + 1 };
    const { $ref, ...rest } = schema;
    const isInlined = typeof $ref === 'string' && !isWhole && deeper.nesting <= MAX_NESTING;
    if (isInlined) return trim({ ...target(definitions, $ref), ...rest }, deeper);
    if (at.depth > maxDepth || at.nesting > MAX_NESTING) return outline(schema, level, spend);
    const result: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(schema)) {
      const kept = keyword(key, value, deeper);
      // Of schemas that accept more, more than one may fit.
      if (kept !== undefined) result[isWhole || key !== 'oneOf' ? key : 'anyOf'] = kept;
    }
    return result;
  };

  const keyword = (key: string, value: unknown, at: At): unknown => {
    if (!isWhole && FORBIDDING.has(key)) return undefined;
    const inside = { ...at, depth: at.depth + 1 };
    if (NAMED.has(key) && isRecord(value)) return mapSchemas(value, (one) => trim(one, inside), spend);
    if (LISTED.has(key) && Array.isArray(value)) return value.map((one: unknown) => trim(one, at));
    if (SINGLE.has(key) && isRecord(value)) return trim(value, key === 'additionalProperties' ? inside : at);
    return plain({ key, value }, level, spend);
  };
  return trim;
}

/** Returns a schema without its inside: its type, its values, and the beginning of its description. */
function outline(schema: JsonObject, level: TrimLevel, spend: Spend): JsonSchema {
  const { type = schema['properties'] === undefined ? undefined : 'object', description, enum: values } = schema;
  const kept = Object.entries({ type, description, enum: values }).map(
    ([key, value]) => [key, plain({ key, value }, level, spend)] as const,
  );
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined));
}

/** Keywords that help a reader of the document more than a model. */
const DROPPED = new Set(['examples', 'title']);

interface Keyword {
  readonly key: string;
  readonly value: unknown;
}

function plain({ key, value }: Keyword, { description, values }: TrimLevel, spend: Spend): unknown {
  const isLong = key === 'enum' && Array.isArray(value) && value.length > values;
  if (value === undefined || DROPPED.has(key) || isLong) return undefined;
  if (key === 'description') {
    if (typeof value !== 'string' || description === 0) return undefined;
    const text = cutText(value, description);
    spend(text.length + key.length);
    return text;
  }
  spend(JSON.stringify(value).length + key.length);
  return value;
}

/** Returns the beginning of a text, up to a word's end. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const beginning = text.slice(0, max - 1);
  const space = beginning.lastIndexOf(' ');
  return `${(space > max / 2 ? beginning.slice(0, space) : beginning).trimEnd()}…`;
}

function mapSchemas(schemas: JsonObject, map: (schema: unknown) => JsonSchema, spend?: Spend): JsonObject {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      spend?.(name.length + 6);
      return [name, map(schema)];
    }),
  );
}

function target(definitions: JsonObject, reference: string): JsonObject {
  const name = reference.slice('#/$defs/'.length);
  const found = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  return isRecord(found) ? found : {};
}
