import { isDeepJson } from './depth.ts';

type Reviver = Parameters<typeof JSON.parse>[1];

/** Returns the value of JSON text, or undefined for text that is not JSON or has more levels than we pass on. */
export const parseJson = (text: string, reviver?: Reviver): unknown =>
  isDeepJson(text) ? undefined : parseDeepJson(text, reviver);

/** Returns the value of JSON text of whatever depth, to look at and not to pass on; undefined for what is not JSON. */
export function parseDeepJson(text: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}
