/** A region of a text that is not plain text. */
export interface Tag {
  readonly open: string;
  readonly close: string;
  /** The treatment of the inside: passed on as it comes, kept until it is whole, or dropped. */
  readonly inside: 'stream' | 'collect' | 'drop';
  /** True when the tag counts only at the start of a line. */
  readonly atLineStart: boolean;
}

/** `inside` is text of a tag; a collected one comes once, and is not `isClosed` when the answer ended within it. */
export type Piece =
  | { readonly text: string }
  | { readonly tag: Tag; readonly inside: string; readonly isClosed: boolean };

export interface TagReader {
  push(text: string): readonly Piece[];
  /** Ends the text and returns what was held back. */
  end(): readonly Piece[];
}

/** The longest collected region; a longer one is plain text after all. */
const MAX_COLLECTED_CHARS = 512 * 1_024;

/**
 * Finds tags in a text that comes in pieces, wherever it is cut. Only what may be the start of a tag is held back.
 * In a code fence, a tag is an example and stays text.
 */
export function createTagReader(tags: readonly Tag[]): TagReader {
  const state: ReaderState = { tags, buffer: '', current: undefined, collected: [], collectedChars: 0, line: NEW_LINE };
  return {
    push(text) {
      state.buffer += text;
      return read(state, false);
    },
    end() {
      const pieces = read(state, true);
      if (state.current !== undefined && state.current.inside !== 'drop') {
        pieces.push({ tag: state.current, inside: takeInside(state, state.buffer.length), isClosed: false });
      }
      state.buffer = '';
      return pieces;
    },
  };
}

interface ReaderState {
  readonly tags: readonly Tag[];
  /** Text that has not been read yet. */
  buffer: string;
  /** The tag that is open. */
  current: Tag | undefined;
  /** The inside of `current`, in pieces: one text that grows would be copied with each piece. */
  collected: string[];
  collectedChars: number;
  line: LineState;
}

function read(state: ReaderState, isEnd: boolean): Piece[] {
  const pieces: Piece[] = [];
  let isMore = true;
  while (isMore) {
    isMore = state.current === undefined ? readText(state, pieces, isEnd) : readInside(state, state.current, pieces);
  }
  return pieces;
}

/** Reads text up to the next tag. @returns whether there was one */
function readText(state: ReaderState, pieces: Piece[], isEnd: boolean): boolean {
  for (let at = state.buffer.indexOf('<'); at !== -1; at = state.buffer.indexOf('<')) {
    takeText(state, at, pieces);
    const { tags, buffer, line } = state;
    const allowed = isInFence(line) ? [] : tags.filter(({ atLineStart }) => !atLineStart || isBlank(line));
    const tag = allowed.find(({ open }) => buffer.startsWith(open));
    if (tag !== undefined) {
      state.buffer = buffer.slice(tag.open.length);
      state.current = tag;
      return true;
    }
    if (!isEnd && allowed.some(({ open }) => open.startsWith(buffer))) return false;
    takeText(state, 1, pieces);
  }
  takeText(state, state.buffer.length, pieces);
  return false;
}

/** Reads the inside of `tag`. @returns whether it has ended */
function readInside(state: ReaderState, tag: Tag, pieces: Piece[]): boolean {
  const at = state.buffer.indexOf(tag.close);
  if (at !== -1) {
    const inside = takeInside(state, at);
    if (tag.inside !== 'drop') pieces.push({ tag, inside, isClosed: true });
    state.buffer = state.buffer.slice(tag.close.length);
    state.current = undefined;
    return true;
  }
  const end = state.buffer.length - startOf(tag.close, state.buffer);
  const inside = state.buffer.slice(0, end);
  if (tag.inside === 'collect') {
    state.collected.push(inside);
    state.collectedChars += end;
  } else if (tag.inside === 'stream' && end > 0) pieces.push({ tag, inside, isClosed: false });
  state.buffer = state.buffer.slice(end);
  if (state.collectedChars > MAX_COLLECTED_CHARS) {
    state.current = undefined;
    addText(state, tag.open + takeInside(state, state.buffer.length), pieces);
  }
  return false;
}

/** Moves the first `end` characters of the buffer to the pieces, as text. */
function takeText(state: ReaderState, end: number, pieces: Piece[]): void {
  const text = state.buffer.slice(0, end);
  state.buffer = state.buffer.slice(end);
  addText(state, text, pieces);
}

function addText(state: ReaderState, text: string, pieces: Piece[]): void {
  if (text === '') return;
  state.line = advance(state.line, text);
  const last = pieces.at(-1);
  if (last !== undefined && 'text' in last) pieces.splice(-1, 1, { text: last.text + text });
  else pieces.push({ text });
}

/** Takes the first `end` characters of the buffer, behind what was collected before. */
function takeInside(state: ReaderState, end: number): string {
  const inside = state.collected.join('') + state.buffer.slice(0, end);
  state.buffer = state.buffer.slice(end);
  state.collected = [];
  state.collectedChars = 0;
  return inside;
}

/** Returns how many characters at the end of `text` may be the start of `tag`. */
function startOf(tag: string, text: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1) {
    if (tag.startsWith(text.slice(-length))) return length;
  }
  return 0;
}

/** Characters that show whether a line is blank and whether it opens a fence. */
const LINE_START_CHARS = 16;

/** The position of a text: the start of its line, and whether that line is inside a code fence. */
interface LineState {
  readonly start: string;
  readonly inFence: boolean;
}

const NEW_LINE: LineState = { start: '', inFence: false };

function advance(state: LineState, text: string): LineState {
  let { start, inFence } = state;
  for (const [index, part] of text.split('\n').entries()) {
    if (index > 0) {
      if (isFence(start)) inFence = !inFence;
      start = '';
    }
    start = (start + part).slice(0, LINE_START_CHARS);
  }
  return { start, inFence };
}

const isFence = (line: string): boolean => line.trimStart().startsWith('```');
const isBlank = ({ start }: LineState): boolean => start.trim() === '';
const isInFence = ({ start, inFence }: LineState): boolean => inFence || isFence(start);
