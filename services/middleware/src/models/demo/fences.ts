const TICKS = '```';
/** The language behind the ticks that open a fence, and the rest of that line. */
const LANGUAGE = /[ \t]*(\w*)/y;
const REST_OF_LINE = /[^\n`]*\n?/y;

/** A fence with its program, and the language that it names. */
export interface Fence {
  readonly tag: string;
  readonly code: string;
}

/** Splits a text into prose and code fences. Ticks that nothing closes are prose. Reads each character once. */
export function splitFences(text: string): readonly (string | Fence)[] {
  const parts: (string | Fence)[] = [];
  let from = 0;
  for (let open = text.indexOf(TICKS); open !== -1; open = text.indexOf(TICKS, from)) {
    LANGUAGE.lastIndex = open + TICKS.length;
    const tag = LANGUAGE.exec(text)?.[1] ?? '';
    REST_OF_LINE.lastIndex = LANGUAGE.lastIndex;
    REST_OF_LINE.exec(text);
    const start = REST_OF_LINE.lastIndex;
    const end = text.indexOf(TICKS, start);
    // What does not close this fence closes none behind it.
    if (end === -1) break;
    parts.push(text.slice(from, open), { tag, code: text.slice(start, end) });
    from = end + TICKS.length;
  }
  return [...parts, text.slice(from)];
}
