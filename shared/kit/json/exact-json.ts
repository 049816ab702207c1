import { endOfString } from './end-of-string.ts';
import { isRawNumber, KEEPS_DIGITS, RawNumber } from './raw-number.ts';

/**
 * Returns the value of JSON text, in which a number beyond ±(2^53 - 1) is a {@link RawNumber}, if
 * JavaScript's would be another one, or infinite: `JSON.stringify` writes it as it came.
 * @throws SyntaxError for text that is not JSON
 */
export function parseExact(text: string): unknown {
  const numbers = KEEPS_DIGITS ? largeNumbers(text) : [];
  if (numbers.length === 0) return JSON.parse(text);
  // A reviver that sees the source would cost fifty times as much as this.
  const marked = parsed(quoteAll(text, numbers));
  // What is wrong with it is said in terms of the text that came.
  return marked === undefined ? JSON.parse(text) : unquoteAll(marked);
}

/** Tells whether bytes of JSON may have a number beyond ±(2^53 - 1). True for some that have none. */
export const mayHoldLargeNumbers = (json: Buffer): boolean => CANDIDATE.test(json.toString('latin1'));

/** Returns a value with ordinary numbers in place of exact ones, to look at and not to pass on. */
export function approximate(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isRawNumber(value)) return Number(value.rawJSON);
  if (Array.isArray(value)) {
    const items = value.map(approximate);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  const entries = Object.entries(value).map(([key, item]) => [key, item, approximate(item)] as const);
  if (entries.every(([, item, one]) => item === one)) return value;
  return Object.fromEntries(entries.map(([key, , one]) => [key, one]));
}

/** A number of 16 digits or more, or one with an exponent of two or more. */
const CANDIDATE = /-?\d[\d.]{15,}(?:[eE][+-]?\d+)?|-?\d[\d.]{0,15}[eE]\+?\d{2,}/;
/** The rest of the text is the parser's to judge. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Marks a number in quotes. No text that comes from elsewhere has it. */
const MARK = `${crypto.getRandomValues(new Uint32Array(4)).join('-')}:`;

type Located = readonly [start: number, source: string];

/** Returns the large numbers of JSON text, each with the index where it starts. Looks at each character once. */
function largeNumbers(text: string): readonly Located[] {
  const found: Located[] = [];
  const candidates = new RegExp(CANDIDATE, 'g');
  let quote = -1;
  let end = -1;
  for (let match = candidates.exec(text); match !== null; match = candidates.exec(text)) {
    const { index, 0: source } = match;
    // The string that ends last before the number, or around it.
    while (end < index && quote < index) {
      quote = indexOfQuote(text, end + 1);
      if (quote < index) end = endOfString(text, quote);
    }
    if (end > index) candidates.lastIndex = end;
    else if (NUMBER.test(source) && isLarge(source)) found.push([index, source]);
  }
  return found;
}

function indexOfQuote(text: string, from: number): number {
  const quote = text.indexOf('"', from);
  return quote === -1 ? text.length : quote;
}

/** Tells whether a number is beyond the range of exact integers, and none that JavaScript would write the same way. */
const isLarge = (source: string): boolean =>
  !(Math.abs(Number(source)) <= Number.MAX_SAFE_INTEGER) && String(Number(source)) !== source;

function quoteAll(text: string, numbers: readonly Located[]): string {
  const parts: string[] = [];
  let end = 0;
  for (const [start, source] of numbers) {
    parts.push(text.slice(end, start), '"', MARK, source, '"');
    end = start + source.length;
  }
  return parts.join('') + text.slice(end);
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Replaces the marked numbers of a value that was just parsed, in place: it may be large. */
function unquoteAll(root: { readonly value: unknown }): unknown {
  const waiting: object[] = [root];
  for (let owner = waiting.pop(); owner !== undefined; owner = waiting.pop()) {
    for (const [key, value] of Object.entries(owner)) {
      if (typeof value === 'object' && value !== null) waiting.push(value);
      else if (typeof value === 'string' && value.startsWith(MARK)) {
        // A key may be `__proto__`, which cannot be assigned.
        Object.defineProperty(owner, key, { value: new RawNumber(value.slice(MARK.length)) });
      }
    }
  }
  return root.value;
}
