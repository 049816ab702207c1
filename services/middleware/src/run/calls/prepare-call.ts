import { MAX_ARGUMENT_DEPTH } from '@toolmesh/shared/kit/json/depth';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError, type Problem } from '@toolmesh/shared/kit/faults/errors';
import type { JsonSchema, Tool } from '@toolmesh/shared/contracts/tool';
import { unknownTool } from '@toolmesh/shared/kit/tools/tool-catalogue';
import type { ModelToolCall } from '../../models/model.ts';
import type { ArgumentRepair } from '../events.ts';
import { coerce } from './coerce.ts';
import { isDeep, parseArguments } from './parse-arguments.ts';
import { createValidator } from './validate.ts';

/** A call with validated arguments, or with the reason why it cannot run. */
export interface PreparedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  readonly tool?: Tool;
  /** The reason why it cannot run. */
  readonly problem?: MeshError;
  readonly repair?: ArgumentRepair;
}

const validate = createValidator();

/**
 * Prepares the arguments of a call: parses them, repairs their syntax, validates them, and converts values to the types
 * of the schema where they do not fit. Arguments are one JSON object; null is not one.
 */
export function prepareCall({ id, name, arguments: sent }: ModelToolCall, tools: readonly Tool[]): PreparedCall {
  const parsed = parseArguments(sent);
  const tool = tools.find((known) => known.name === name);
  if (tool === undefined) {
    const names = tools.map((known) => known.name);
    return { id, name, arguments: readable(parsed.value, sent), problem: unknownTool(name, names) };
  }
  if (parsed.isDeep === true) return { id, name, arguments: readable(undefined, sent), tool, problem: tooDeep(tool) };
  if (!isRecord(parsed.value)) {
    return { id, name, arguments: readable(parsed.value, sent), tool, problem: noObject(tool, sent) };
  }
  const { value, changed, problems } = validated(parsed.value, tool.input_schema);
  // Strings that became objects add their levels to those around them.
  if (changed && isDeep(value)) return { id, name, arguments: {}, tool, problem: tooDeep(tool) };
  const repair: ArgumentRepair | undefined = parsed.repaired ? 'syntax' : changed ? 'type' : undefined;
  const call = { id, name, arguments: value, tool, ...(repair === undefined ? {} : { repair }) };
  return problems.length === 0 ? call : { ...call, problem: invalidArguments(tool, problems) };
}

/** Validates arguments and coerces those that do not fit. */
function validated(value: unknown, schema: JsonSchema) {
  if (validate(value, schema)?.length === 0) return { value, changed: false, problems: [] };
  const coerced = coerce(value, schema);
  return { ...coerced, problems: validate(coerced.value, schema) ?? [] };
}

function noObject({ name, input_schema }: Tool, sent: unknown): MeshError {
  const received = typeof sent === 'string' ? `"${sent.slice(0, 200)}"` : JSON.stringify(sent)?.slice(0, 200);
  return new MeshError('invalid_arguments', `The arguments of ${name} must be one JSON object; received ${received}`, {
    details: { schema: excerpt(input_schema, []) },
  });
}

const tooDeep = ({ name }: Tool): MeshError =>
  new MeshError('invalid_arguments', `The arguments of ${name} are nested deeper than ${MAX_ARGUMENT_DEPTH} levels`);

/** Returns the arguments as JSON can carry them. */
function readable(value: unknown, sent: unknown): unknown {
  if (typeof sent !== 'string' && isDeep(sent)) return {};
  return isRecord(value) ? value : sent;
}

function invalidArguments({ name, input_schema }: Tool, problems: readonly Problem[]): MeshError {
  const list = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  return new MeshError('invalid_arguments', `Arguments of ${name}: ${list}`, {
    details: { problems, schema: excerpt(input_schema, problems) },
  });
}

const MAX_EXCERPT_CHARS = 1_500;

/**
 * Returns the part of a schema that a model needs to correct its call: required properties and those that were wrong.
 */
function excerpt(schema: JsonSchema, problems: readonly Problem[]): unknown {
  const { required, properties } = schema;
  const all = isRecord(properties) ? Object.entries(properties) : [];
  const wrong = new Set(problems.map(({ path }) => path.split('.')[0] ?? ''));
  const needed = new Set(Array.isArray(required) ? required.map(String) : []);
  const shown = all.filter(([name]) => wrong.size === 0 || wrong.has('') || wrong.has(name) || needed.has(name));
  const whole = { type: 'object', properties: Object.fromEntries(shown), required: [...needed] };
  if (JSON.stringify(whole).length <= MAX_EXCERPT_CHARS) return whole;
  return { type: 'object', properties: shown.map(([name]) => name).slice(0, 50), required: [...needed].slice(0, 50) };
}
