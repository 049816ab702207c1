import type { Reading } from './intent.ts';

/** Numbers with operators between them, brackets and the usual functions. */
const TERM = String.raw`(?:sqrt|abs|round|min|max)?\s*\(*\s*-?\d+(?:\.\d+)?\s*\)*`;
const OPERATOR = String.raw`\s*(?:\*\*|[-+*/^×÷·%,]|//|\bplus\b|\bminus\b|\btimes\b|\bdivided by\b|\bto the power of\b|\bmod\b|%\s*of\b)\s*`;
const EXPRESSION = new RegExp(String.raw`${TERM}(?:${OPERATOR}${TERM})+|sqrt\s*\(?\s*\d+(?:\.\d+)?\s*\)?`, 'gi');
const ASKS =
  /\b(?:what|what's|whats|calculate|compute|evaluate|how much|solve|result of|sum|add|multiply)\b|=\s*\??\s*$/i;
/** 2026-11-20 and 555-1234 are no subtractions. */
const LOOKS_LIKE_A_DATE = /^\d{4}-\d{1,2}(?:-\d{1,2})?$|^\d{3}-\d{4}$/;

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/%\s*of\b/gi, '/ 100 *'],
  [/\bplus\b/gi, '+'],
  [/\bminus\b/gi, '-'],
  [/\btimes\b|[×·]/gi, '*'],
  [/\bdivided by\b|÷/gi, '/'],
  [/\bto the power of\b|\^/gi, '**'],
  [/\bmod\b/gi, '%'],
];

/** Finds sums; Python computes them. */
export function readArithmetic(text: string): Reading {
  const bare = text.trim().replace(/[=?\s]+$/, '');
  const found = [...text.matchAll(EXPRESSION)].map(([match]) => match.trim()).filter(isSum);
  if (found.length === 0 || !(ASKS.test(text) || found.some((sum) => sum === bare))) return { intents: [], rest: text };
  const intents = found.map((sum) => ({
    tool: 'execute_code',
    arguments: { language: 'python', code: toPython(sum) },
  }));
  return { intents, rest: text.replaceAll(EXPRESSION, ' ') };
}

function isSum(text: string): boolean {
  return (
    !LOOKS_LIKE_A_DATE.test(text) &&
    (/[-+*/^×÷·%]|\b(?:plus|minus|times|by|power|mod)\b/i.test(text) || /^sqrt/i.test(text))
  );
}

function toPython(sum: string): string {
  const replaced = WORDS.reduce((code, [pattern, sign]) => code.replaceAll(pattern, sign), sum);
  const code = replaced
    .replaceAll(/\bsqrt\s*\(?\s*(\d+(?:\.\d+)?)\s*\)?/gi, 'math.sqrt($1)')
    .replace(/^[-+*/,\s]+(?=\()/, '');
  return `${code.includes('math.') ? 'import math\n' : ''}${balanced(code)}`;
}

/** Removes a bracket that belongs to the sentence rather than the sum. */
function balanced(code: string): string {
  const missing = code.split('(').length - code.split(')').length;
  if (missing < 0) return code.replace(new RegExp(String.raw`\){${-missing}}\s*$`), '');
  return missing === 0 ? code : code.replace(new RegExp(String.raw`^\s*\({${missing}}`), '');
}
