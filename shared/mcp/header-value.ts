const ENCODED = /^=\?base64\?(.*)\?=$/;
const PLAIN = /^[\u0021-\u007E](?:[\u0020-\u007E]*[\u0021-\u007E])?$/;

/** Returns `text` itself if a header can carry it unchanged, else `=?base64?…?=` of its UTF-8 (SEP-2243). */
export function encodeHeaderValue(text: string): string {
  const isPlain = PLAIN.test(text) && !ENCODED.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

/** Reverses {@link encodeHeaderValue}. Undefined if the encoding is invalid. */
export function decodeHeaderValue(value: string): string | undefined {
  const encoded = ENCODED.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  // Node reads what it can; only what it would write the same way is valid.
  return bytes.toString('base64') === encoded ? bytes.toString() : undefined;
}
