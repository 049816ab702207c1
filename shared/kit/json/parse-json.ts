type Reviver = Parameters<typeof JSON.parse>[1];

/** Returns the value of JSON text, or undefined for text that is not JSON. */
export function parseJson(text: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}
