import { isDeepJson } from './depth.ts';
import { parseExact } from './exact-json.ts';

/** Returns the exact value of JSON text, or undefined for text that is not JSON or has more levels than we pass on. */
export const parseJson = (text: string): unknown => (isDeepJson(text) ? undefined : parseDeepJson(text));

/** Returns the value of JSON text of whatever depth, to look at and not to pass on; undefined for what is not JSON. */
export function parseDeepJson(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}
