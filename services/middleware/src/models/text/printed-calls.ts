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

/** More than a run makes; a text with more is no list of calls. */
const MAX_CALLS = 1_000;

/**
 * Returns the calls that `text` consists of: one object, an array, or one object per line. Undefined for any other
 * text.
 */
export function readPrintedCalls(text: string): readonly PrintedCall[] | undefined {
  const bare = withoutFence(text.trim().replace(/^(?:\[TOOL_CALLS\]|<\|python_tag\|>)\s*/, ''));
  const whole = parseJson(bare);
  if (whole !== undefined) return callsOf([whole]);
  const lines = bare
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.some((line) => !'{['.includes(line.charAt(0)))) return undefined;
  return callsOf(lines, (line, i) => parseJson(i < lines.length - 1 ? line.replace(/;$/, '').trimEnd() : line));
}

function withoutFence(text: string): string {
  const [opening = ''] = /^```\w*/.exec(text) ?? [];
  const isFenced = opening !== '' && text.endsWith('```') && text.length >= opening.length + 3;
  return isFenced ? text.slice(opening.length, -3).trim() : text;
}

/** Returns the calls in values, each a call or a list of calls; undefined as soon as one is something else. */
function callsOf<T>(
  sources: readonly T[],
  read: (source: T, index: number) => unknown = (source) => source,
): readonly PrintedCall[] | undefined {
  const calls: PrintedCall[] = [];
  for (const [i, source] of sources.entries()) {
    const value = read(source, i);
    const listed = Listed.safeParse(value);
    const list = listed.success ? listed.data.tool_calls : Array.isArray(value) ? value : [value];
    if (list.length === 0) return undefined;
    for (const item of list) {
      const call = callOf(item);
      if (call === undefined || calls.length === MAX_CALLS) return undefined;
      calls.push(call);
    }
  }
  return calls;
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
  const rest = withoutStart(start.slice(opening.length), '[');
  if (rest === '') return true;
  const key = withoutStart(rest, '{');
  if (key === '' || key === rest) return key === '';
  const [, name, end] = /^"(\w*)("?)/.exec(key) ?? [];
  if (name === undefined) return false;
  return end === '' ? FIRST_KEYS.some((known) => known.startsWith(name)) : FIRST_KEYS.includes(name);
}

/** Removes one character and the blanks around it, where a text begins with it. */
function withoutStart(text: string, char: string): string {
  const bare = text.trimStart();
  return bare.startsWith(char) ? bare.slice(1).trimStart() : bare;
}
