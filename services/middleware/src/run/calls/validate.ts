import { createForeignSchemas, type ForeignCheck } from '@toolmesh/shared/kit/json/foreign-schema';
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Problem } from '@toolmesh/shared/kit/faults/errors';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';

/** Schemas that are kept compiled: those of a large hub. */
const MAX_COMPILED = 512;
const MAX_PROBLEMS = 5;

/** Returns the problems of a value: none if it fits, undefined if its schema cannot be used to tell. */
export type Validate = (value: unknown, schema: JsonSchema) => readonly Problem[] | undefined;

/**
 * Checks values against JSON Schemas (2020-12), each compiled once. A schema that cannot be compiled, or takes too long,
 * judges nothing: the tool's own server checks, too. Regular expressions and formats are left to it entirely.
 */
export function createValidator(): Validate {
  const checkOf = createForeignSchemas('structure');
  const checks = new Map<string, ForeignCheck>();
  return (value, schema) => {
    const key = JSON.stringify(schema);
    let check = checks.get(key);
    if (check === undefined) {
      const [oldest] = checks.keys();
      if (checks.size >= MAX_COMPILED && oldest !== undefined) checks.delete(oldest);
      check = checkOf(schema);
      checks.set(key, check);
    }
    return check(value)?.slice(0, MAX_PROBLEMS).map(problemOf);
  };
}

function problemOf(error: Partial<ErrorObject>): Problem {
  const { instancePath = '', keyword, message = 'is not as expected', params = {} } = error;
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
