import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Problem } from '@toolmesh/shared/kit/faults/errors';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';

/** Schemas that are kept compiled: those of a large hub. */
const MAX_COMPILED = 512;
const MAX_PROBLEMS = 5;

/** Returns the problems of a value: none if it fits, undefined if its schema cannot be used to tell. */
export type Validate = (value: unknown, schema: JsonSchema) => readonly Problem[] | undefined;

/**
 * Checks values against JSON Schemas (2020-12), each compiled once. A schema that cannot be compiled judges
 * nothing: the tool's own server checks, too. Regular expressions and formats are left to it entirely, for an expression
 * from elsewhere could keep this process busy for ever.
 */
export function createValidator(): Validate {
  const compiled = new Map<string, ValidateFunction | undefined>();
  return (value, schema) => {
    const key = JSON.stringify(schema);
    if (!compiled.has(key)) {
      const [oldest] = compiled.keys();
      if (compiled.size >= MAX_COMPILED && oldest !== undefined) compiled.delete(oldest);
      compiled.set(key, compile(schema));
    }
    const validate = compiled.get(key);
    if (validate === undefined) return undefined;
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, MAX_PROBLEMS).map(problemOf);
  };
}

function compile(schema: JsonSchema): ValidateFunction | undefined {
  try {
    const ajv = new Ajv2020({
      allErrors: true,
      strict: false,
      validateFormats: false,
      addUsedSchema: false,
      logger: false,
    });
    return ajv.compile(withoutPatterns(schema));
  } catch {
    return undefined;
  }
}

function problemOf({ instancePath, keyword, message = 'is not as expected', params }: ErrorObject): Problem {
  const place = instancePath.split('/').slice(1);
  const at = (...more: string[]) => [...place, ...more].join('.');
  if (keyword === 'required') return { path: at(String(params['missingProperty'])), message: 'is required' };
  if (keyword === 'additionalProperties') {
    return { path: at(String(params['additionalProperty'])), message: 'is not known here' };
  }
  if (keyword !== 'enum') return { path: at(), message };
  const allowed: unknown = params['allowedValues'];
  return { path: at(), message: `must be one of ${JSON.stringify(allowed).slice(0, 200)}` };
}

/** Removes keywords, not properties of the same names: below `properties` the keys are names. */
function withoutPatterns(schema: JsonSchema): Record<string, unknown> {
  // What the expressions would have allowed must not be refused in their absence.
  const left = 'patternProperties' in schema ? ['additionalProperties', 'unevaluatedProperties'] : [];
  const gone = new Set(['pattern', 'patternProperties', '$schema', ...left]);
  const kept = Object.entries(schema).filter(([key]) => !gone.has(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, inner(key, value)]));
}

const NAMED = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);
const LITERAL = new Set(['const', 'enum', 'default', 'examples', 'required']);

function inner(key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || LITERAL.has(key)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => inner('', item));
  if (!NAMED.has(key)) return withoutPatterns({ ...value });
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, inner('', schema)]));
}
