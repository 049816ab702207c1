import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { z } from 'zod';

/** A call that a model printed as text. */
export interface PrintedCall {
  readonly name: string;
  readonly arguments: unknown;
}

const Arguments = z.union([z.record(z.string(), z.unknown()), z.string()]);
/** The forms that models are trained on; an object with any other field is not a call. */
const Called = z.strictObject({
  id: z.unknown().optional(),
  type: z.enum(['function', 'tool_call', 'tool_use']).optional(),
  name: z.string().min(1),
  arguments: Arguments.optional(),
  parameters: Arguments.optional(),
  input: Arguments.optional(),
});
const Wrapped = z.strictObject({
  id: z.unknown().optional(),
  type: z.literal('function').optional(),
  function: Called,
});
const Listed = z.strictObject({ tool_calls: z.array(z.unknown()).min(1) });

/**
 * Returns the calls that `text` consists of: one object, an array, or one object per line. Undefined for any other
 * text.
 */
export function readPrintedCalls(text: string): readonly PrintedCall[] | undefined {
  const bare = text
    .trim()
    .replace(/^(?:\[TOOL_CALLS\]|<\|python_tag\|>)\s*/, '')
    .replace(/^```\w*\s*([\s\S]*?)\s*```$/, '$1');
  const whole = parseJson(bare);
  if (whole !== undefined) return callsOf(whole);
  const lines = bare.split(/;?\s*\n\s*/).filter((line) => line !== '');
  const calls = lines.map((line) => callsOf(parseJson(line)));
  return calls.every((call) => call !== undefined) ? calls.flat() : undefined;
}

function callsOf(value: unknown): readonly PrintedCall[] | undefined {
  const listed = Listed.safeParse(value);
  const list = listed.success ? listed.data.tool_calls : Array.isArray(value) ? value : [value];
  const calls = list.map(callOf);
  return calls.length > 0 && calls.every((call) => call !== undefined) ? calls : undefined;
}

function callOf(value: unknown): PrintedCall | undefined {
  const wrapped = Wrapped.safeParse(value);
  const called = Called.safeParse(wrapped.success ? wrapped.data.function : value);
  if (!called.success) return undefined;
  const { name, arguments: args, parameters, input } = called.data;
  const given = args ?? parameters ?? input;
  return given === undefined ? undefined : { name, arguments: given };
}

const OPENINGS = ['[TOOL_CALLS]', '<|python_tag|>', '```json', '```tool_call', '```'];
const FIRST_KEYS = ['id', 'type', 'name', 'arguments', 'parameters', 'input', 'function', 'tool_calls'];

/** Tells whether an answer that begins with `text` may still turn out to consist of calls. */
export function mayBePrintedCall(text: string): boolean {
  const start = text.trimStart();
  if (OPENINGS.some((known) => known.startsWith(start))) return true;
  const opening = OPENINGS.find((known) => start.startsWith(known)) ?? '';
  const rest = start.slice(opening.length);
  const [, name, end] = /^\s*\[?\s*\{\s*"(\w*)("?)/.exec(rest) ?? [];
  if (name === undefined) return /^\s*\[?\s*(?:\{\s*)?$/.test(rest);
  return end === '' ? FIRST_KEYS.some((known) => known.startsWith(name)) : FIRST_KEYS.includes(name);
}
