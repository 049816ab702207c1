import { Interrupted, runInterruptibly } from '@toolmesh/shared/kit/faults/interruptible';
import { isDeepJson, isDeepValue, MAX_ARGUMENT_DEPTH } from '@toolmesh/shared/kit/json/depth';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { endOfString } from '../../models/text/end-of-string.ts';
import { jsonrepair, JSONRepairError } from 'jsonrepair';

/** The arguments of a call after parsing. */
export interface ParsedArguments {
  /** Undefined when the text is not JSON and cannot be made JSON without guessing. */
  readonly value: unknown;
  readonly repaired: boolean;
  /** They have more levels than a call may have, and were not parsed. */
  readonly isDeep?: boolean;
}

/** More than any tool takes; a longer text is not parsed. */
const MAX_CHARS = 1_024 ** 2;
/** jsonrepair goes back over some texts again and again: a longer one is not repaired, nor one that takes too long. */
const MAX_REPAIR_CHARS = 64 * 1_024;
const REPAIR_MS = 100;

/**
 * Reads arguments as a model sent them: JSON text or a value. Empty text means no arguments. Numbers stay
 * exact, for a schema may want them as text. Syntax is repaired (quotes, commas,
 * comments, line breaks in strings); text that ends too early is not, for nobody knows what was to follow.
 */
export function parseArguments(sent: unknown): ParsedArguments {
  if (isDeep(sent)) return { value: undefined, repaired: false, isDeep: true };
  if (typeof sent !== 'string') return { value: sent, repaired: false };
  if (sent.trim() === '') return { value: {}, repaired: false };
  if (sent.length > MAX_CHARS) return { value: undefined, repaired: false };
  const value = parseJson(sent);
  if (value !== undefined) return { value, repaired: false };
  const repaired = sent.length <= MAX_REPAIR_CHARS && isComplete(sent) ? repair(sent) : undefined;
  if (repaired === undefined) return { value: undefined, repaired: false };
  return { value: parseJson(repaired), repaired: true };
}

/** Returns the JSON that a text was meant to be; undefined for one that cannot be repaired, or not in time. */
function repair(text: string): string | undefined {
  try {
    return runInterruptibly(() => jsonrepair(text), REPAIR_MS);
  } catch (error) {
    // Quotes of its own may hide levels from the check above; it calls itself for each of them.
    const isExpected = [JSONRepairError, RangeError, Interrupted].some((kind) => error instanceof kind);
    if (isExpected) return undefined;
    throw error;
  }
}

/** Returns whether arguments have more levels than a call may have. */
export const isDeep = (sent: unknown): boolean =>
  typeof sent === 'string' ? isDeepJson(sent, MAX_ARGUMENT_DEPTH) : isDeepValue(sent, MAX_ARGUMENT_DEPTH);

const CLOSERS: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

/** Tells whether every bracket and string that the text opens is closed, in any of the quotes that models use. */
function isComplete(text: string): boolean {
  const open: string[] = [];
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? '';
    if (char === '"' || char === "'") {
      i = endOfString(text, i);
      if (i === -1) return false;
    } else if (CLOSERS[char] !== undefined) open.push(CLOSERS[char]);
    else if ((char === '}' || char === ']') && open.pop() !== char) return false;
  }
  return open.length === 0;
}
