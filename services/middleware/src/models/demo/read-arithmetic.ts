import type { Intent } from './intent.ts';
import { readSums } from './sums.ts';

const ASKS = /\b(?:what|what's|whats|calculate|compute|evaluate|how much|solve|result of|sum|add|multiply)\b/i;
/** 2026-11-20 and 555-1234 are no subtractions. */
const LOOKS_LIKE_A_DATE = /^\d{4}-\d{1,2}(?:-\d{1,2})?$|^\d{3}-\d{4}$/;

/** Finds sums; Python computes them. */
export function readArithmetic(text: string): readonly Intent[] {
  const sums = readSums(text).filter(({ written }) => !LOOKS_LIKE_A_DATE.test(written));
  const bare = withoutQuestion(text);
  if (!(ASKS.test(text) || isEquation(text) || sums.some(({ written }) => written === bare))) return [];
  return sums.map(({ python }) => ({ tool: 'execute_code', arguments: { language: 'python', code: python } }));
}

/** Tells whether a text ends with an equals sign that nothing follows, or a question mark only. */
const isEquation = (text: string): boolean => text.trimEnd().replace(/\?$/, '').trimEnd().endsWith('=');

/** Returns a text without the `= ?` at its end. */
function withoutQuestion(text: string): string {
  let end = text.length;
  while (end > 0 && /[=?\s]/.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end).trimStart();
}
