import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { type JsonObject, listOf, numberOf, objectOf, prettyJson, textOf } from '../api/json.ts';

/** The control for an argument; `json` where no simpler one fits its schema. */
export type FieldKind = 'text' | 'long-text' | 'number' | 'integer' | 'boolean' | 'choice' | 'lines' | 'json';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly description: string;
  readonly isRequired: boolean;
  /** The first value. Empty means that the argument is left out. */
  readonly initial: string;
  readonly choices: readonly string[];
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** The values of the fields, by name. */
export type FormValues = Readonly<Record<string, string>>;

export type FormReading =
  | { readonly arguments: JsonObject; readonly problems?: undefined }
  | { readonly problems: Readonly<Record<string, string>> };

const LONG_TEXT = new Set(['code', 'stdin', 'content', 'text', 'body', 'query', 'prompt']);

/** Returns the form for a tool's input schema (JSON Schema 2020-12), required fields first. */
export function fieldsOf(schema: JsonObject): readonly Field[] {
  const required = new Set(listOf(schema['required']));
  const fields = Object.entries(objectOf(schema['properties'])).map(([name, property]) =>
    fieldOf(name, withoutNull(objectOf(property)), required.has(name)),
  );
  return [...fields.filter(({ isRequired }) => isRequired), ...fields.filter(({ isRequired }) => !isRequired)];
}

/** `anyOf: [X, null]` is asked for as X. */
function withoutNull(property: JsonObject): JsonObject {
  const options = [...listOf(property['anyOf']), ...listOf(property['oneOf'])].filter(isRecord);
  const real = options.filter(({ type }) => type !== 'null');
  if (real.length === 1 && options.length > 0) return { ...property, ...real[0] };
  const types = listOf(property['type']).filter((type) => type !== 'null');
  return types.length === 1 ? { ...property, type: types[0] } : property;
}

function fieldOf(name: string, property: JsonObject, isRequired: boolean): Field {
  const choices = listOf(property['enum']).map(prettyJson);
  const initial = property['default'];
  // A field that must have a value and has few shows one of them; the others start as what the tool would take.
  return {
    name,
    kind: kindOf(name, property, choices),
    description: textOf(property['description']) ?? '',
    isRequired,
    initial: initial === undefined ? '' : prettyJson(initial),
    choices,
    min: numberOf(property['minimum']),
    max: numberOf(property['maximum']),
  };
}

function kindOf(name: string, property: JsonObject, choices: readonly string[]): FieldKind {
  if (choices.length > 0 && listOf(property['enum']).every((choice) => typeof choice === 'string')) return 'choice';
  const { type } = property;
  if (type === 'string')
    return LONG_TEXT.has(name) || (numberOf(property['maxLength']) ?? 0) > 500 ? 'long-text' : 'text';
  if (type === 'number' || type === 'integer' || type === 'boolean') return type;
  if (type === 'array' && objectOf(property['items'])['type'] === 'string') return 'lines';
  return 'json';
}

/** Reads a form: the arguments of the call, or the problem of each field in words. */
export function readForm(fields: readonly Field[], values: FormValues): FormReading {
  const given: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const written = values[field.name] ?? field.initial;
    if (written.trim() === '') {
      if (field.isRequired) problems[field.name] = 'is required';
      continue;
    }
    const read = readField(field, written);
    if ('problem' in read) problems[field.name] = read.problem;
    else given[field.name] = read.value;
  }
  return Object.keys(problems).length > 0 ? { problems } : { arguments: given };
}

type Read = { readonly value: unknown } | { readonly problem: string };

function readField({ kind, choices, min, max }: Field, written: string): Read {
  switch (kind) {
    case 'text':
    case 'long-text':
      return { value: written };
    case 'choice':
      return choices.includes(written) ? { value: written } : { problem: `must be one of ${choices.join(', ')}` };
    case 'boolean':
      return { value: written === 'true' };
    case 'number':
    case 'integer':
      return readNumber(written, kind === 'integer', min, max);
    case 'lines':
      return { value: written.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()])) };
    case 'json': {
      const value = parseJson(written);
      return value === undefined ? { problem: 'must be JSON' } : { value };
    }
  }
}

function readNumber(written: string, isWhole: boolean, min = -Infinity, max = Infinity): Read {
  const value = Number(written);
  if (!Number.isFinite(value)) return { problem: 'must be a number' };
  if (isWhole && !Number.isInteger(value)) return { problem: 'must be a whole number' };
  if (value < min) return { problem: `must be at least ${min}` };
  if (value > max) return { problem: `must be at most ${max}` };
  // As a number would round it.
  return { value: parseJson(written.trim()) ?? value };
}
