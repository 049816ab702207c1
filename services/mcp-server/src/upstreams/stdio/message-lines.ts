import { endOfString } from '@toolmesh/shared/kit/json/end-of-string';

export interface MessageLinesOptions {
  /** Takes a text, and returns whether it is a message. */
  readonly onText: (text: string) => boolean;
  /** Called for what is no message, with its length. */
  readonly onGarbage: (length: number) => void;
  /** The longest message that is spread over several lines. */
  readonly maxLength: number;
}

const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Finds the messages in lines of standard output: as a rule each is a line. Some servers begin with a byte order mark or
 * write their JSON indented, over several lines: those are held until its brackets are closed, or a message comes.
 */
export function createMessageLines({ onText, onGarbage, maxLength }: MessageLinesOptions): (line: string) => void {
  let held: string[] = [];
  let length = 0;
  let depth = 0;

  const drop = (): void => {
    if (length > 0) onGarbage(length);
    held = [];
    length = 0;
    depth = 0;
  };
  const hold = (line: string): void => {
    held.push(line);
    length += line.length + 1;
    depth += depthOf(line);
  };

  /** Goes on with a message over several lines. */
  const goOn = (text: string): void => {
    // What looked like the beginning of a message was none if a whole one follows.
    if (text.startsWith('{"') && onText(text)) return drop();
    hold(text);
    if (length > maxLength) return drop();
    if (depth > 0) return undefined;
    if (onText(held.join('\n'))) length = 0;
    return drop();
  };

  return (line) => {
    const text = line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line;
    if (held.length > 0) return goOn(text);
    if (mayBeMessage(text)) {
      if (onText(text)) return undefined;
      if (depthOf(text) > 0) return hold(text);
    }
    if (text.trim() !== '') onGarbage(text.length);
    return undefined;
  };
}

/** Checked before anything is parsed: a flood of what is no message should cost little. */
const mayBeMessage = (text: string): boolean => /^\s*(?:\{|\[\s*(?:\{|$))/.test(text);

/** Returns by how many levels a line of JSON goes deeper. */
function depthOf(line: string): number {
  let depth = 0;
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i];
    if (char === '"') i = endOfString(line, i);
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
  }
  return depth;
}
