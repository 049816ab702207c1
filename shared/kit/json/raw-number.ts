/** V8 has it; TypeScript's library does not, nor do browsers before 2025 (https://tc39.es/proposal-json-parse-with-source/). */
const json: typeof JSON & { readonly rawJSON?: (text: string) => unknown } = JSON;

/** False in old browsers, which round. */
export const KEEPS_DIGITS = json.rawJSON !== undefined;

/**
 * A number that keeps its digits: `JSON.stringify` writes it as it came. As text it is its digits, as a number it is
 * rounded; what `JSON.rawJSON` itself makes can be neither, and anything that came from elsewhere is made text somewhere.
 */
export class RawNumber {
  readonly rawJSON: string;

  constructor(text: string) {
    this.rawJSON = text;
  }

  toJSON(): unknown {
    return json.rawJSON === undefined ? Number(this.rawJSON) : json.rawJSON(this.rawJSON);
  }

  toString(): string {
    return this.rawJSON;
  }

  valueOf(): number {
    return Number(this.rawJSON);
  }
}

export const isRawNumber = (value: unknown): value is RawNumber => value instanceof RawNumber;
