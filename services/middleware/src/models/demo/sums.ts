/** A sum as it was written, and as Python computes it. */
export interface Sum {
  readonly written: string;
  readonly python: string;
}

interface Token {
  readonly kind: 'number' | 'function' | 'open' | 'close' | 'operator' | 'other';
  /** The place in the text. */
  readonly start: number;
  readonly end: number;
  readonly python: string;
}

/** The forms of tokens, the longest first where one begins another; each as Python writes it. */
const FORMS: readonly (readonly [RegExp, Token['kind'], string?])[] = [
  [/\d+(?:\.\d+)?/y, 'number'],
  [/%\s*of(?![a-z])/iy, 'operator', '/ 100 *'],
  [/\*\*|\/\/|[-+*/,%]/y, 'operator'],
  [/plus(?![a-z])/iy, 'operator', '+'],
  [/minus(?![a-z])/iy, 'operator', '-'],
  [/(?:times(?![a-z])|[×·])/iy, 'operator', '*'],
  [/(?:divided by(?![a-z])|÷)/iy, 'operator', '/'],
  [/(?:to the power of(?![a-z])|\^)/iy, 'operator', '**'],
  [/mod(?![a-z])/iy, 'operator', '%'],
  [/sqrt(?![a-z])/iy, 'function', 'math.sqrt'],
  [/(?:abs|round|min|max)(?![a-z])/iy, 'function'],
  [/\(/y, 'open'],
  [/\)/y, 'close'],
  [/[a-z]+|\s+|[^a-z\s]/iy, 'other'],
];

/**
 * Finds the sums in a text: numbers with operators between them, brackets and the usual functions. Reads each token
 * once, whatever the text is.
 */
export function readSums(text: string): readonly Sum[] {
  const tokens = tokensOf(text);
  const sums: Sum[] = [];
  for (let at = 0; at < tokens.length;) {
    const { end, isSum } = endOfSum(tokens, at);
    if (isSum) sums.push(sumOf(text, tokens.slice(at, end)));
    at = Math.max(end, at + 1);
  }
  return sums;
}

/** Returns the tokens of a text without the blanks between them. */
function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let start = 0; start < text.length;) {
    const token = tokenAt(text, start);
    if (text.slice(start, token.end).trim() !== '') tokens.push(token);
    start = token.end;
  }
  return tokens;
}

function tokenAt(text: string, start: number): Token {
  for (const [form, kind, python] of FORMS) {
    form.lastIndex = start;
    const found = form.exec(text)?.[0];
    if (found !== undefined) return { kind, start, end: start + found.length, python: python ?? found.toLowerCase() };
  }
  return { kind: 'other', start, end: start + 1, python: '' };
}

/** Returns where the sum that begins at a token ends, and whether there is one: a root, or two numbers at the least. */
function endOfSum(tokens: readonly Token[], at: number): { readonly end: number; readonly isSum: boolean } {
  let term = readTerm(tokens, at);
  if (!term.isWhole) return { end: term.end, isSum: false };
  let end = term.end;
  let isSum = tokens[at]?.python === 'math.sqrt';
  while (tokens[end]?.kind === 'operator') {
    term = readTerm(tokens, end + 1);
    if (!term.isWhole) break;
    // A list of numbers is no sum.
    isSum ||= tokens[end]?.python !== ',';
    end = term.end;
  }
  return { end, isSum };
}

/** Reads a number with its sign, its function and the brackets around it. `end` is where reading stopped. */
function readTerm(tokens: readonly Token[], at: number): { readonly end: number; readonly isWhole: boolean } {
  let end = at;
  if (tokens[end]?.kind === 'function') end += 1;
  const opening = end;
  while (tokens[end]?.kind === 'open') end += 1;
  // `sqrt -4` is no term: a sign needs the brackets.
  if ((opening === at || end > opening) && isSign(tokens, end)) end += 1;
  if (tokens[end]?.kind !== 'number') return { end, isWhole: false };
  end += 1;
  while (tokens[end]?.kind === 'close') end += 1;
  return { end, isWhole: true };
}

const isSign = (tokens: readonly Token[], at: number): boolean =>
  tokens[at]?.python === '-' && tokens[at + 1]?.kind === 'number' && tokens[at]?.end === tokens[at + 1]?.start;

function sumOf(text: string, tokens: readonly Token[]): Sum {
  const written = text.slice(tokens[0]?.start, tokens.at(-1)?.end);
  const python = balanced(tokens.map((_token, at) => writeToken(text, tokens, at)).join(''));
  return { written, python: `${python.includes('math.') ? 'import math\n' : ''}${python}` };
}

/** Writes a token for Python, with the blanks before it. A number behind a function gets brackets: `sqrt 16`. */
function writeToken(text: string, tokens: readonly Token[], at: number): string {
  const last = tokens[at - 1];
  const { start, python } = tokens[at] ?? END;
  if (isBare(tokens, at - 1)) return `(${python})`;
  return (last === undefined ? '' : text.slice(last.end, start)) + python;
}

const END: Token = { kind: 'other', start: 0, end: 0, python: '' };

/** Tells whether a token is a function whose number has no brackets. */
const isBare = (tokens: readonly Token[], at: number): boolean =>
  tokens[at]?.kind === 'function' && tokens[at + 1]?.kind === 'number';

/** Removes brackets that belong to the sentence rather than the sum, or closes those that nothing closes. */
function balanced(code: string): string {
  const missing = code.split('(').length - code.split(')').length;
  if (missing < 0) {
    const extra = ')'.repeat(-missing);
    return code.endsWith(extra) ? code.slice(0, missing) : code;
  }
  return code.startsWith('('.repeat(missing)) ? code.slice(missing) : code + ')'.repeat(missing);
}
