const MAX_LINES = 300;
const MAX_LINE = 300;

/** Collects lines for people, up to a bound. */
export function createNotes() {
  const lines: string[] = [];
  return {
    note(line: string): void {
      if (lines.length < MAX_LINES) lines.push(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line);
      else if (lines.length === MAX_LINES) lines.push('…');
    },
    text: () => lines.join('\n'),
  };
}
