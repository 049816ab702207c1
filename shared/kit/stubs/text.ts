/** Longest description of a tool in a stub, and of one of its parameters. */
const MAX_DESCRIPTION = 400;
const MAX_FIELD_DESCRIPTION = 120;

/** Returns a description on one line, without control characters, at most `max` long. */
function oneLine(text: string, max: number): string {
  const line = text
    .slice(0, max * 4)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}

export const toolText = (text: string): string => oneLine(text, MAX_DESCRIPTION);
export const fieldText = (text: string): string => oneLine(text, MAX_FIELD_DESCRIPTION);

/** Returns a string as a literal of Python and of TypeScript: ASCII alone, so that no line ends in it. */
export const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(/[^\x20-\x7E]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Longest signature. */
const MAX_SIGNATURE = 2_000;

/** Returns the most detailed text that is short enough, or else `fallback`. */
export function firstThatFits<T>(details: readonly T[], render: (detail: T) => string, fallback: string): string {
  for (const detail of details) {
    const text = render(detail);
    if (text.length <= MAX_SIGNATURE) return text;
  }
  return fallback;
}
