/** Longest text within a value that is shown whole. */
const MAX_TEXT = 200;
/** Longest description. */
const MAX_CHARS = 2_000;

/** Returns a value as JSON to be read: long texts in it, such as data in base64, are cut, and so is the whole. */
export function describeJson(value: unknown): string {
  const json = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? shortened(inner) : inner));
  if (json === undefined) return 'nothing';
  return json.length > MAX_CHARS ? `${json.slice(0, MAX_CHARS)}…` : json;
}

const shortened = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
