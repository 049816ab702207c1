import { endOfString } from './end-of-string.ts';
import { isRawNumber } from './raw-number.ts';

/** The most levels of objects and arrays in JSON that is sent to a service, or that comes back from another. */
export const MAX_JSON_DEPTH = 64;

/** The most levels of a tool's arguments: a message of MCP has two more around them. */
export const MAX_ARGUMENT_DEPTH = MAX_JSON_DEPTH - 2;

const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Returns whether JSON text has more than `max` levels, without parsing it: what parses and writes values calls itself
 * for each level, and a deep one exhausts the stack. Looks at each character once; a text that is too short to be deep
 * is not looked at. Bytes are those of UTF-8. For text that is not JSON the result says nothing.
 */
export function isDeepJson(json: string | Buffer, max = MAX_JSON_DEPTH): boolean {
  if (json.length <= max) return false;
  // Bytes of UTF-8 above 0x7f are never part of an ASCII character.
  const text = typeof json === 'string' ? json : json.toString('latin1');
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) {
      i = endOfString(text, i);
    } else if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      depth += 1;
      if (depth > max) return true;
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) {
      depth -= 1;
    }
  }
  return false;
}

/** Returns whether a value that came from JSON has more than `max` levels. */
export function isDeepValue(value: unknown, max = MAX_JSON_DEPTH): boolean {
  let level = childrenOf([value]);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > max) return true;
    level = childrenOf(level.flatMap((one) => Object.values(one)));
  }
  return false;
}

const childrenOf = (values: readonly unknown[]): readonly object[] =>
  values.filter((value): value is object => typeof value === 'object' && value !== null && !isRawNumber(value));
