import type { JsonSchema } from '../../contracts/tool.ts';
import { isRecord } from '../json/is-record.ts';

const MAX_TEXT = 120;
/** Keywords that say nothing of the shape of a value. */
const WORDS = new Set(['examples', 'example', 'default', '$schema', '$id', '$comment', 'title']);
/** Keywords whose values are schemas by name. */
const NAMED = new Set(['properties', '$defs', 'definitions', 'patternProperties']);

/**
 * Returns a schema in at most `maxChars` characters of JSON: as it is if it fits, else without examples and long texts,
 * else with the types of its properties alone, else with their names.
 */
export function trimSchema(schema: JsonSchema, maxChars: number): JsonSchema {
  const fits = (candidate: JsonSchema): boolean => JSON.stringify(candidate).length <= maxChars;
  if (fits(schema)) return schema;
  const terse = asSchema(withoutWords(schema));
  if (fits(terse)) return terse;
  const flat = flatten(schema);
  if (fits(flat)) return flat;
  const { properties, required } = flat;
  const names = isRecord(properties) ? Object.keys(properties) : [];
  const shown: string[] = [];
  let left = maxChars - 200;
  for (const name of new Set([...(Array.isArray(required) ? required.map(String) : []), ...names])) {
    left -= JSON.stringify(name).length + 4;
    if (left < 0) break;
    shown.push(name);
  }
  const description = `Only ${shown.length} of ${names.length} properties are shown, by their names.`;
  return { type: 'object', properties: Object.fromEntries(shown.map((name) => [name, {}])), description };
}

const asSchema = (value: unknown): JsonSchema => (isRecord(value) ? value : {});

function withoutWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutWords);
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    if (NAMED.has(key) && isRecord(inner)) {
      return [[key, Object.fromEntries(Object.entries(inner).map(([name, one]) => [name, withoutWords(one)]))]];
    }
    if (WORDS.has(key)) return [];
    if (key === 'description' && typeof inner === 'string') return [[key, inner.slice(0, MAX_TEXT)]];
    return [[key, withoutWords(inner)]];
  });
  return Object.fromEntries(kept);
}

/** Returns the properties of a schema with their types and choices, and nothing below them. */
function flatten(schema: JsonSchema): JsonSchema {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? { required: schema['required'] } : {};
  const flat = Object.entries(properties).map(([name, inner]) => {
    if (!isRecord(inner)) return [name, {}];
    const { type, enum: choices, description } = inner;
    return [
      name,
      {
        ...(type === undefined ? {} : { type }),
        ...(Array.isArray(choices) ? { enum: choices.slice(0, 20) } : {}),
        ...(typeof description === 'string' ? { description: description.slice(0, 60) } : {}),
      },
    ];
  });
  return { type: 'object', properties: Object.fromEntries(flat), ...required };
}
