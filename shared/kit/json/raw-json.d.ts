// The parts of https://github.com/tc39/proposal-json-parse-with-source that V8 has and TypeScript's library does not.
interface RawJson {
  readonly rawJSON: string;
}

interface JSON {
  /** Returns a value that `JSON.stringify` writes as `text`, which must be a scalar. */
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
}
