const NEWLINE = 0x0a;

export interface LineListener {
  /** A line without its end, as UTF-8. */
  onLine(line: string): void;
  /** A line is longer than `maxBytes`; called once for each, and what it consists of is dropped. */
  onTooLong(): void;
}

/**
 * Cuts a stream of bytes into lines. Holds `maxBytes` at most, however much comes without a newline, and touches each
 * byte once: a line that comes in a thousand pieces costs no more than one that comes whole.
 */
export function splitLines(maxBytes: number, { onLine, onTooLong }: LineListener): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let skipping = false;

  const add = (piece: Buffer): void => {
    bytes += piece.length;
    if (bytes <= maxBytes) return void pieces.push(piece);
    pieces = [];
    if (!skipping) onTooLong();
    skipping = true;
  };

  return (chunk) => {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at));
      from = at + 1;
      const [only] = pieces;
      const line = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
      if (!skipping) onLine(line.toString().replace(/\r$/, ''));
      pieces = [];
      bytes = 0;
      skipping = false;
    }
    if (from < chunk.length) add(chunk.subarray(from));
  };
}
