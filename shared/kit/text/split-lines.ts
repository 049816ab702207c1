const NEWLINE = 0x0a;

export interface LineListener {
  /** A line without its end, as UTF-8. */
  onLine(line: string): void;
  /** A line is longer than `maxBytes`; called once for each, and what it consists of is dropped. */
  onTooLong(): void;
  /** A line that is too long has ended; these are its beginning and its end. */
  onSkipped?(line: SkippedLine): void;
  /** A line is longer than four times `maxBytes`; called once for each. */
  onEndless?(): void;
}

/** The part that is kept of a line that is too long: the first and the last bytes, as UTF-8. */
export interface SkippedLine {
  readonly beginning: string;
  readonly end: string;
}

const KEPT_BYTES = 256;
const ENDLESS = 4;

/**
 * Cuts a stream of bytes into lines. Holds `maxBytes` at most, however much comes without a newline, and touches each
 * byte once: a line that comes in a thousand pieces costs no more than one that comes whole.
 */
export function splitLines(maxBytes: number, listener: LineListener): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let bytes = 0;
  /** Of a line that is too long. */
  let skipped: { readonly beginning: Buffer; end: Buffer } | undefined;

  const skip = (piece: Buffer): void => {
    if (skipped === undefined) {
      const beginning = Buffer.concat(pieces.length === 0 ? [piece] : pieces).subarray(0, KEPT_BYTES);
      skipped = { beginning: Buffer.from(beginning), end: Buffer.alloc(0) };
      pieces = [];
      listener.onTooLong();
    }
    const end = piece.length < KEPT_BYTES ? Buffer.concat([skipped.end, piece]) : piece;
    skipped.end = Buffer.from(end.subarray(-KEPT_BYTES));
    const isNewlyEndless = bytes > ENDLESS * maxBytes && bytes - piece.length <= ENDLESS * maxBytes;
    if (isNewlyEndless) listener.onEndless?.();
  };
  const add = (piece: Buffer): void => {
    bytes += piece.length;
    if (bytes <= maxBytes) pieces.push(piece);
    else skip(piece);
  };
  const endLine = (): void => {
    const [only] = pieces;
    const line = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
    if (skipped === undefined) listener.onLine(line.toString().replace(/\r$/, ''));
    else listener.onSkipped?.({ beginning: skipped.beginning.toString(), end: skipped.end.toString() });
    pieces = [];
    bytes = 0;
    skipped = undefined;
  };

  return (chunk) => {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at));
      from = at + 1;
      endLine();
    }
    if (from < chunk.length) add(chunk.subarray(from));
  };
}
