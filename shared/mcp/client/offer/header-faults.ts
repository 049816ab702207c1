import { isRecord } from '../../../kit/json/is-record.ts';

/** Keywords whose schemas an annotated property must not be reached through (SEP-2243). */
const UNREACHABLE: readonly string[] = [
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'patternProperties',
  'dependentSchemas',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  '$defs',
  'definitions',
];
const HEADER = 'x-mcp-header';
/** A name of a header (RFC 9110, section 5.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES: readonly unknown[] = ['string', 'integer', 'boolean'];

/**
 * Returns why the `x-mcp-header` annotations of a schema are invalid, undefined if they are not. A client of 2026-07-28
 * must leave such a tool out.
 */
export function headerFault(inputSchema: unknown): string | undefined {
  const names = new Set<string>();
  for (const { schema, path, isReachable } of schemasIn({ schema: inputSchema, path: '', isReachable: true })) {
    const fault = HEADER in schema ? faultOf(schema, path !== '' && isReachable, names) : undefined;
    if (fault !== undefined) return `${path === '' ? 'inputSchema' : path}: ${fault}`;
  }
  return undefined;
}

interface Place<S> {
  readonly schema: S;
  readonly path: string;
  /** True if properties alone lead here. */
  readonly isReachable: boolean;
}

/** Yields a schema and those in it. */
function* schemasIn({ schema, path, isReachable }: Place<unknown>): Generator<Place<Record<string, unknown>>> {
  if (!isRecord(schema)) return;
  yield { schema, path, isReachable };
  const { properties } = schema;
  for (const [key, property] of isRecord(properties) ? Object.entries(properties) : []) {
    yield* schemasIn({ schema: property, path: path === '' ? key : `${path}.${key}`, isReachable });
  }
  for (const keyword of UNREACHABLE) {
    for (const branch of branchesOf(keyword, schema[keyword])) {
      yield* schemasIn({ schema: branch, path: `${path}<${keyword}>`, isReachable: false });
    }
  }
}

function faultOf(schema: Record<string, unknown>, isReachable: boolean, names: Set<string>): string | undefined {
  const { [HEADER]: name, type } = schema;
  if (!isReachable) return `${HEADER} is only allowed where properties alone lead to`;
  if (typeof name !== 'string' || !TOKEN.test(name)) return `${HEADER} must be a name of a header`;
  if (!TYPES.includes(type)) return `${HEADER} is only allowed for a string, an integer or a boolean`;
  if (names.has(name.toLowerCase())) return `${HEADER} "${name}" is there twice`;
  names.add(name.toLowerCase());
  return undefined;
}

/** The keywords that hold schemas by name. */
const BY_NAME: ReadonlySet<string> = new Set(['patternProperties', 'dependentSchemas', '$defs', 'definitions']);

/** Returns the schemas below a keyword. */
function branchesOf(keyword: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) && BY_NAME.has(keyword) ? Object.values(value) : [value];
}
