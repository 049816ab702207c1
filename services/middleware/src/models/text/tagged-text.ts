/** A region of a text that means something else than text. */
export interface Tag {
  readonly open: string;
  readonly close: string;
  /** What is inside: passed on as it comes, kept until it is whole, or dropped. */
  readonly inside: 'stream' | 'collect' | 'drop';
  /** Whether it counts only at the start of a line. */
  readonly atLineStart: boolean;
}

/** `inside` is text of a tag; a collected one comes once, and is not `isClosed` when the answer ended within it. */
export type Piece =
  | { readonly text: string }
  | { readonly tag: Tag; readonly inside: string; readonly isClosed: boolean };

export interface TagReader {
  push(text: string): readonly Piece[];
  /** What was held back, when the text has ended. */
  end(): readonly Piece[];
}

/** A collected region longer than this is taken for text: nothing that is meant is that long. */
const MAX_COLLECTED_CHARS = 512 * 1_024;

/**
 * Finds tags in a text that comes in pieces, wherever it is cut. Only what may be the start of a tag is held back.
 * In a code fence, a tag is an example and stays text.
 */
export function createTagReader(tags: readonly Tag[]): TagReader {
  let buffer = '';
  let current: Tag | undefined;
  /** What has been collected of `current`, in pieces: one text that grows would be copied with each. */
  let collected: string[] = [];
  let collectedChars = 0;
  const line = createLineState();

  const say = (text: string, pieces: Piece[]): void => {
    if (text === '') return;
    line.advance(text);
    const last = pieces.at(-1);
    if (last !== undefined && 'text' in last) pieces.splice(-1, 1, { text: last.text + text });
    else pieces.push({ text });
  };

  /** Reads text up to the next tag. @returns whether there was one */
  const readText = (pieces: Piece[], isEnd: boolean): boolean => {
    for (let at = buffer.indexOf('<'); at !== -1; at = buffer.indexOf('<')) {
      say(buffer.slice(0, at), pieces);
      buffer = buffer.slice(at);
      const { isBlank, inFence } = line.place();
      const allowed = inFence ? [] : tags.filter(({ atLineStart }) => !atLineStart || isBlank);
      const tag = allowed.find(({ open }) => buffer.startsWith(open));
      if (tag !== undefined) {
        buffer = buffer.slice(tag.open.length);
        current = tag;
        return true;
      }
      if (!isEnd && allowed.some(({ open }) => open.startsWith(buffer))) return false;
      say('<', pieces);
      buffer = buffer.slice(1);
    }
    say(buffer, pieces);
    buffer = '';
    return false;
  };

  /** Takes the first `end` characters from the buffer, behind what has been collected before. */
  const takeInside = (end: number): string => {
    const inside = collected.join('') + buffer.slice(0, end);
    buffer = buffer.slice(end);
    collected = [];
    collectedChars = 0;
    return inside;
  };

  /** Reads the inside of `tag`. @returns whether it has ended */
  const readInside = (tag: Tag, pieces: Piece[]): boolean => {
    const at = buffer.indexOf(tag.close);
    if (at !== -1) {
      const inside = takeInside(at);
      if (tag.inside !== 'drop') pieces.push({ tag, inside, isClosed: true });
      buffer = buffer.slice(tag.close.length);
      current = undefined;
      return true;
    }
    const end = buffer.length - startOf(tag.close, buffer);
    if (tag.inside === 'collect') {
      collected.push(buffer.slice(0, end));
      collectedChars += end;
    } else if (tag.inside === 'stream' && end > 0) pieces.push({ tag, inside: buffer.slice(0, end), isClosed: false });
    buffer = buffer.slice(end);
    if (collectedChars > MAX_COLLECTED_CHARS) {
      current = undefined;
      say(tag.open + takeInside(buffer.length), pieces);
    }
    return false;
  };

  const read = (isEnd: boolean): readonly Piece[] => {
    const pieces: Piece[] = [];
    while (current === undefined ? readText(pieces, isEnd) : readInside(current, pieces));
    return pieces;
  };

  return {
    push(text) {
      buffer += text;
      return read(false);
    },
    end() {
      const pieces = [...read(true)];
      if (current !== undefined && current.inside !== 'drop') {
        pieces.push({ tag: current, inside: takeInside(buffer.length), isClosed: false });
      }
      buffer = '';
      return pieces;
    },
  };
}

/** How many characters at the end of `text` may be the start of `tag`. */
function startOf(tag: string, text: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1) {
    if (tag.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

/** Enough of a line to see whether it is blank and whether it opens a fence. */
const LINE_START_CHARS = 16;

/** Where a text has got to: within its line, and within a fence. */
function createLineState() {
  let line = '';
  let inFence = false;
  const opensFence = (): boolean => line.trimStart().startsWith('```');
  return {
    advance(text: string): void {
      for (const [index, part] of text.split('\n').entries()) {
        if (index > 0) {
          if (opensFence()) inFence = !inFence;
          line = '';
        }
        line = (line + part).slice(0, LINE_START_CHARS);
      }
    },
    place: () => ({ isBlank: line.trim() === '', inFence: inFence || opensFence() }),
  };
}
