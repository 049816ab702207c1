import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { JsonSchema } from '../../contracts/tool.ts';
import { runInterruptibly } from '../faults/interruptible.ts';
import { approximate } from './exact-json.ts';
import { isRecord } from './is-record.ts';

/** Returns what is wrong with a value: nothing if it fits, undefined if its schema cannot be used to tell. */
export type ForeignCheck = (value: unknown) => readonly Partial<ErrorObject>[] | undefined;

/**
 * The keywords that are looked at. `all`: every one, as long as that is quick. `structure`: without regular
 * expressions, formats and uniqueness, whose cost can grow faster than the value.
 */
export type SchemaLevel = 'all' | 'structure';

/** The processor time that one check may use at each level, in ms. */
const CHECK_MS = 50;
/** The same for compiling a schema, once. An honest one of 64 KiB takes a fifth of it. */
const COMPILE_MS = 100;
/** Checks that may take all of their time within a minute: what more would cost is left to the schema's own server. */
const MAX_OVERRUNS_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/**
 * Makes checks from JSON Schemas (2020-12) that come from elsewhere. Nothing in them is trusted: an expression such as
 * `^(a+)+$` and references that double at each step keep a validator busy for hours. So work that can grow is ended
 * after 50 ms; from then on that schema is judged by its structure alone, and if that is too much as well, not at all.
 * Its own server checks, too.
 */
export function createForeignSchemas(first: SchemaLevel): (schema: JsonSchema) => ForeignCheck {
  let overruns: readonly number[] = [];
  const bounded: Bounded = (task, ms) => {
    const started = performance.now();
    overruns = overruns.filter((at) => started - at < MINUTE_MS);
    if (overruns.length >= MAX_OVERRUNS_PER_MINUTE) throw new Overspent('Foreign schemas took too much time');
    try {
      return runInterruptibly(task, ms);
    } finally {
      if (performance.now() - started >= ms) overruns = [...overruns, started];
    }
  };
  return (schema) => createCheck(schema, first === 'all' ? ['all', 'structure'] : ['structure'], bounded);
}

/** The time for checks that may take long is used up for now. */
class Overspent extends Error {
  override readonly name = 'Overspent';
}

type Bounded = <T>(task: () => T, ms: number) => T;

interface Compiled {
  readonly validate: ValidateFunction;
  readonly run: Bounded;
}

function createCheck(schema: JsonSchema, levels: SchemaLevel[], bounded: Bounded): ForeignCheck {
  let compiled: Compiled | undefined;
  return (value) => {
    for (let [level] = levels; level !== undefined; [level] = levels) {
      try {
        const { validate, run } = (compiled ??= compileAt(level, schema, bounded));
        return run(() => (validate(approximate(value)) ? [] : (validate.errors ?? [])), CHECK_MS);
      } catch (error) {
        if (error instanceof Overspent) return undefined;
        // It cannot be compiled, nests too deep, or took too long.
        compiled = undefined;
        levels.shift();
      }
    }
    return undefined;
  };
}

function compileAt(level: SchemaLevel, schema: JsonSchema, bounded: Bounded): Compiled {
  const judged = level === 'all' ? schema : structureOf(schema);
  if (!mayGrow(judged)) return { validate: compile(level, judged), run: (task) => task() };
  warmUp();
  return { validate: bounded(() => compile(level, judged), COMPILE_MS), run: bounded };
}

function compile(level: SchemaLevel, { $schema: _dialect, ...schema }: JsonSchema): ValidateFunction {
  const options = { allErrors: true, strict: false, logger: false, validateSchema: false } as const;
  const ajv = new Ajv2020({ ...options, meta: false, validateFormats: level === 'all' });
  if (level === 'all') formats.default(ajv);
  return ajv.compile(schema);
}

let isWarm = false;

/** Compiles a schema of our own: the first one of a process takes many times as long as others, whatever it says. */
function warmUp(): void {
  if (isWarm) return;
  isWarm = true;
  compile('all', { type: 'object', properties: { a: { pattern: '^a$', format: 'date' }, b: { $ref: '#' } } })({});
}

/** Keywords whose cost may grow faster than the value that is checked. */
const GROWING = new Set([
  '$ref',
  '$dynamicRef',
  '$recursiveRef',
  'pattern',
  'patternProperties',
  'format',
  'uniqueItems',
]);
/** Values of an `enum` are compared one by one with each item of a list. */
const MAX_ENUM = 100;
/** Many small keywords are applied to each item, too. */
const MAX_KEYWORDS = 1_000;

/** Tells whether the cost of a check may exceed a small multiple of the value's size. */
function mayGrow(schema: JsonSchema): boolean {
  const waiting: unknown[] = [schema];
  for (let seen = 0; waiting.length > 0; seen += 1) {
    if (seen > MAX_KEYWORDS) return true;
    const value = waiting.pop();
    if (Array.isArray(value)) {
      if (value.length > MAX_ENUM) return true;
      waiting.push(...value);
    } else if (isRecord(value)) {
      const keys = Object.keys(value);
      if (keys.length > MAX_KEYWORDS || keys.some((key) => GROWING.has(key))) return true;
      waiting.push(...Object.values(value));
    }
  }
  return false;
}

const LEFT_OUT = new Set(['pattern', 'patternProperties', 'format', 'uniqueItems']);
/** Keywords that hold schemas by name: their keys are names, not keywords. */
const NAMED = new Set(['properties', '$defs', 'definitions', 'dependentSchemas']);
/** Keywords that hold values, not schemas. */
const LITERAL = new Set(['const', 'enum', 'default', 'examples', 'required']);

/** Returns a schema without the keywords whose cost may grow with the text that they look at. */
function structureOf(schema: JsonSchema): JsonSchema {
  // What the expressions would have allowed must not be refused in their absence.
  const unsaid = 'patternProperties' in schema ? ['additionalProperties', 'unevaluatedProperties'] : [];
  const kept = Object.entries(schema).filter(([key]) => !LEFT_OUT.has(key) && !unsaid.includes(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, inner(key, value)]));
}

function inner(key: string, value: unknown): unknown {
  if (LITERAL.has(key)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => inner('', item));
  if (!isRecord(value)) return value;
  if (!NAMED.has(key)) return structureOf(value);
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, inner('', schema)]));
}
