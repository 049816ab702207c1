import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError, type Problem } from '@toolmesh/shared/kit/faults/errors';
import type { JsonSchema } from '@toolmesh/shared/contracts/tool';
import { createForeignSchemas } from '@toolmesh/shared/kit/json/foreign-schema';
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { JsonObject } from '../document/references.ts';

/** Checks the arguments of one tool. @throws MeshError invalid_arguments that names every problem. */
export type ArgumentsCheck = (args: unknown) => JsonObject;

/** Most problems that an error lists. */
const MAX_PROBLEMS = 20;

/**
 * Makes checks from the schemas of one service, which may be hostile (see {@link createForeignSchemas}). What cannot be
 * checked here is left to the service.
 */
export function createArgumentsChecks(): (tool: string, schema: JsonSchema) => ArgumentsCheck {
  const checkOf = createForeignSchemas('all');
  return (tool, schema) => {
    const check = checkOf(schema);
    return (args) => {
      const given = args ?? {};
      if (!isRecord(given)) throw invalidArguments(tool, [NOT_AN_OBJECT]);
      const errors = check(given) ?? [];
      if (errors.length > 0) throw invalidArguments(tool, errors);
      return given;
    };
  };
}

const NOT_AN_OBJECT = { instancePath: '', keyword: 'type', params: {}, message: 'must be an object' };

function invalidArguments(tool: string, errors: readonly Partial<ErrorObject>[]): MeshError {
  const problems = errors.slice(0, MAX_PROBLEMS).map(problemOf);
  const list = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new MeshError('invalid_arguments', `Arguments of ${tool}: ${list}`, { details: problems });
}

function problemOf({ instancePath = '', params = {}, message = 'is not as expected' }: Partial<ErrorObject>): Problem {
  const path = instancePath.split('/').slice(1).map(unescape);
  if (typeof params['missingProperty'] === 'string') {
    return { path: [...path, params['missingProperty']].join('.'), message: 'is needed' };
  }
  if (typeof params['additionalProperty'] === 'string') {
    return { path: [...path, params['additionalProperty']].join('.'), message: 'is not known here' };
  }
  const allowed: unknown = params['allowedValues'];
  const values = Array.isArray(allowed) ? `: ${allowed.map((value) => JSON.stringify(value)).join(', ')}` : '';
  return { path: path.join('.'), message: `${message}${values}` };
}

const unescape = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');
