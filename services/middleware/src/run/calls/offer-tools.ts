import type { Tool } from '@toolmesh/shared/contracts/tool';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { z } from 'zod';

/** Tools in the form that every provider accepts, and those that cannot be brought into it. */
export interface Offer {
  /** Under their own names, with schemas that providers take. */
  readonly tools: readonly Tool[];
  /** The tools that are left out, and why: for the reader. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

const MAX_SCHEMA_CHARS = 64 * 1_024;
const MAX_DEPTH = 40;
const MAX_DESCRIPTION_CHARS = 8_000;

/**
 * Makes tools fit to be offered to a model. One schema that a provider does not like makes it refuse the whole
 * request, so schemas are brought into the common form (an object with properties, lists with items, no alternatives
 * at the top), and a tool that cannot be is left out, alone.
 */
export function offerTools(tools: readonly Tool[]): Offer {
  const offered = new Map<string, Tool>();
  const refused: { name: string; reason: string }[] = [];
  for (const tool of tools) {
    const { fitted, reason } = offered.has(tool.name) ? TWICE : verdictOn(tool);
    if (fitted === undefined) refused.push({ name: tool.name.slice(0, 128), reason });
    else offered.set(tool.name, fitted);
  }
  return { tools: [...offered.values()], refused };
}

type Verdict =
  | { readonly fitted: Tool; readonly reason?: never }
  | { readonly fitted?: never; readonly reason: string };

const TWICE: Verdict = { reason: 'there are two of this name' };

/** The same list of tools serves many runs. */
const known = new WeakMap<Tool, Verdict>();

function verdictOn(tool: Tool): Verdict {
  const before = known.get(tool);
  if (before !== undefined) return before;
  const reason = refusal(tool);
  const verdict = reason === undefined ? { fitted: fit(tool) } : { reason };
  known.set(tool, verdict);
  return verdict;
}

function refusal({ name, input_schema }: Tool): string | undefined {
  if (name.trim() === '') return 'it has no name';
  if (JSON.stringify(input_schema).length > MAX_SCHEMA_CHARS)
    return `its schema is over ${MAX_SCHEMA_CHARS} characters`;
  const { type } = input_schema;
  if (type !== undefined && type !== 'object') return `its arguments are not an object but ${JSON.stringify(type)}`;
  return problemIn(input_schema, 0);
}

function problemIn(schema: unknown, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `its schema is more than ${MAX_DEPTH} levels deep`;
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('$ref' in schema && typeof schema.$ref === 'string' && !schema.$ref.startsWith('#')) {
    return 'its schema refers to another document';
  }
  for (const inner of Object.values(schema)) {
    const problem = problemIn(inner, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const AT_TOP = new Set(['anyOf', 'oneOf', 'allOf', 'not', 'enum', 'const', '$schema', '$id']);
const Properties = z.record(z.string(), z.unknown()).catch({});
const Branches = z.array(z.record(z.string(), z.unknown())).catch([]);

function fit(tool: Tool): Tool {
  const schema = tool.input_schema;
  const branches = ['anyOf', 'oneOf', 'allOf'].flatMap((key) => Branches.parse(schema[key]));
  const properties = Object.assign({}, ...[...branches, schema].map((one) => Properties.parse(one['properties'])));
  const kept = Object.entries(schema).filter(([key]) => !AT_TOP.has(key));
  const required = Array.isArray(schema['required']) ? schema['required'].filter((name) => name in properties) : [];
  const whole = { ...Object.fromEntries(kept), type: 'object', properties: fitNamed(properties), required };
  return { ...tool, description: tool.description.slice(0, MAX_DESCRIPTION_CHARS), input_schema: whole };
}

const fitNamed = (schemas: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, fitInner(schema)]));

/** Brings a part of a schema into the common form: a list says what it holds, wherever it stands. */
function fitInner(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(fitInner);
  if (!isRecord(schema)) return schema;
  const fitted = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, fitKeyword(key, value)]));
  const { items } = fitted;
  return isList(fitted) && (items === undefined || Array.isArray(items)) ? { ...fitted, items: {} } : fitted;
}

const isList = ({ type }: Record<string, unknown>): boolean =>
  type === 'array' || (Array.isArray(type) && type.includes('array'));

/** Keywords whose values map names to schemas, and keywords whose values are no schemas. */
const NAMED = new Set(['properties', '$defs', 'definitions']);
const LITERAL = new Set(['const', 'enum', 'default', 'examples']);

function fitKeyword(key: string, value: unknown): unknown {
  if (LITERAL.has(key)) return value;
  return NAMED.has(key) ? fitNamed(Properties.parse(value)) : fitInner(value);
}
