/** The codes that errors of these names have for old programs (Web IDL, table of DOMException names). */
const CODES: ReadonlyMap<string, number> = new Map([
  ['NotFoundError', 8],
  ['NotSupportedError', 9],
  ['InvalidStateError', 11],
  ['SyntaxError', 12],
  ['InvalidAccessError', 15],
  ['NetworkError', 19],
  ['AbortError', 20],
  ['QuotaExceededError', 22],
  ['TimeoutError', 23],
  ['DataCloneError', 25],
  ['InvalidCharacterError', 5],
]);

/** The error of the web. */
export class DOMException extends Error {
  constructor(message = '', options: string | { readonly name?: string; readonly cause?: unknown } = {}) {
    const { name = 'Error', ...rest } = typeof options === 'string' ? { name: options } : options;
    super(message, rest);
    Object.defineProperty(this, 'name', { value: name, configurable: true });
  }

  get code(): number {
    return CODES.get(this.name) ?? 0;
  }
}
