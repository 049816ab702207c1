/** Output as callers get it: text of bounded size; `truncated` when its middle is missing. */
export interface CappedText {
  readonly text: string;
  readonly truncated: boolean;
}

/**
 * Keeps the first and the last part of a stream of bytes, each half of `limit`, however much comes.
 * A program is never stopped for printing, and people need its first and last output most.
 */
export function createOutputBuffer(limit: number) {
  const half = Math.floor(limit / 2);
  const head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  let total = 0;
  let missing = false;

  /** Takes bytes that begin at `position` of the stream; a gap before it is missing output. */
  const write = (position: number, bytes: Buffer): void => {
    if (position > total) missing = true;
    total = Math.max(total, position + bytes.length);
    // Some more than is shown, so that the cut can be made between two characters.
    const room = missing ? 0 : half + MAX_CONTINUATIONS - headBytes;
    if (room > 0) {
      head.push(bytes.subarray(0, room));
      headBytes += Math.min(room, bytes.length);
    }
    const rest = bytes.subarray(Math.max(0, room));
    if (rest.length === 0) return;
    tail = Buffer.concat([tail, rest]);
    if (tail.length > half) {
      missing = true;
      tail = tail.subarray(tail.length - half);
    }
  };

  const read = (): CappedText => {
    const first = Buffer.concat(head);
    if (!missing) return capText(Buffer.concat([first, tail]).toString(), limit);
    return { text: joinEnds({ first, last: tail, total }, limit), truncated: true };
  };

  return { write, read };
}

/** Bounds `text` to `limit` bytes of UTF-8 by cutting out its middle. */
export function capText(text: string, limit: number): CappedText {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return { text, truncated: false };
  return { text: joinEnds({ first: bytes, last: bytes, total: bytes.length }, limit), truncated: true };
}

/** Room for the text that replaces what is left out. */
const MARKER_BYTES = 64;

interface Ends {
  readonly first: Buffer;
  readonly last: Buffer;
  /** Bytes of the whole stream. */
  readonly total: number;
}

/** Joins the beginning of `first` and the end of `last` into at most `limit` bytes. */
function joinEnds({ first, last, total }: Ends, limit: number): string {
  const half = Math.floor(limit / 2);
  const start = boundedText(first, half, startOf);
  const end = boundedText(last, limit - half - MARKER_BYTES, endOf);
  const left = Math.max(0, total - Buffer.byteLength(start) - Buffer.byteLength(end));
  return `${start}\n[... ${left} bytes left out ...]\n${end}`;
}

/** Bytes that are not UTF-8 become U+FFFD, which is three bytes: such text can be longer than what it was made of. */
function boundedText(bytes: Buffer, limit: number, cut: (bytes: Buffer, limit: number) => Buffer): string {
  const text = cut(bytes, limit).toString();
  return Buffer.byteLength(text) <= limit ? text : cut(Buffer.from(text), limit).toString();
}

/** At most the first `limit` bytes, without half a character at the cut. */
function startOf(bytes: Buffer, limit: number): Buffer {
  let end = Math.min(bytes.length, limit);
  const farthest = end - MAX_CONTINUATIONS;
  while (end > farthest && isContinuation(bytes[end])) end -= 1;
  return bytes.subarray(0, Math.max(0, end));
}

/** At most the last `limit` bytes, without half a character at the cut. */
function endOf(bytes: Buffer, limit: number): Buffer {
  let start = Math.max(0, bytes.length - limit);
  const farthest = start + MAX_CONTINUATIONS;
  while (start > 0 && start < farthest && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
}

/** A character of UTF-8 has at most three bytes after its first; more of them in a row are not UTF-8. */
const MAX_CONTINUATIONS = 3;
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
