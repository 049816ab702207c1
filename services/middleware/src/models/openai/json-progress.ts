import { parseJson } from '@toolmesh/shared/kit/json/parse-json';

/** Follows JSON text that comes in pieces, so that nobody has to parse all of it with each piece. */
export interface JsonProgress {
  /** Tells whether the pieces so far are one whole JSON value. They are those of the call before, and more behind. */
  isWhole(pieces: readonly string[]): boolean;
}

/** The longest text of a value without brackets: `null`, a number. */
const MAX_SCALAR_CHARS = 64;

/** Reads each character once; the text is parsed when its brackets are closed, and never again if it is no JSON then. */
export function createJsonProgress(): JsonProgress {
  let read = 0;
  let chars = 0;
  let depth = 0;
  let hasBrackets = false;
  let isInString = false;
  let isEscaped = false;
  /** The verdict on the text up to the bracket that closed the first one; what follows cannot change a `false`. */
  let verdict: boolean | undefined;

  const step = (char: string): void => {
    if (isEscaped) isEscaped = false;
    else if (isInString) {
      isEscaped = char === '\\';
      isInString = char !== '"';
    } else if (char === '"') isInString = true;
    else if (char === '{' || char === '[') {
      hasBrackets = true;
      depth += 1;
    } else if (char === '}' || char === ']') depth -= 1;
  };

  return {
    isWhole(pieces) {
      if (verdict === false) return false;
      for (; read < pieces.length; read += 1) {
        const piece = pieces[read] ?? '';
        chars += piece.length;
        for (const char of piece) step(char);
      }
      if (!hasBrackets && chars > MAX_SCALAR_CHARS) verdict = false;
      if (verdict === false || depth > 0 || isInString) return false;
      const isWhole = parseJson(pieces.join('')) !== undefined;
      if (hasBrackets) verdict = isWhole;
      return isWhole;
    },
  };
}
