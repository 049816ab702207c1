/** A number that keeps its digits: `JSON.stringify` writes it as it came. */
export interface RawNumber {
  readonly rawJSON: string;
}

interface RawJson {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
}

/** V8 has them; TypeScript's library does not, nor do browsers before 2025 (https://tc39.es/proposal-json-parse-with-source/). */
const json: typeof JSON & Partial<RawJson> = JSON;

/** False in old browsers, which round. */
export const KEEPS_DIGITS = json.rawJSON !== undefined;

/** Returns the number that `text` writes. */
export const rawNumber = (text: string): unknown => (json.rawJSON === undefined ? Number(text) : json.rawJSON(text));

export const isRawNumber = (value: unknown): value is RawNumber => json.isRawJSON?.(value) === true;
