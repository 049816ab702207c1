import { z } from 'zod';
import type { Conversation } from './conversation.ts';
import { type Frame, jsonPayload } from './frames.ts';

/** The beginning of a file in the conversation with a worker; its content follows in pieces. */
export const FileHeader = z.object({
  path: z.string().min(1).max(1_024).refine(isBelow, 'must be a relative path without empty, "." or ".." parts'),
  size_bytes: z.int().min(0),
  /** False for a file that is no result of the program: one that was given to it, or of its workspace only. */
  is_artifact: z.boolean().default(true),
});
export type FileHeader = z.output<typeof FileHeader>;

function isBelow(path: string): boolean {
  return !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Takes the files of a worker, one after the other. Never rejects: a file that cannot be kept is the sink's to tell. */
export interface FileSink {
  begin(header: FileHeader): Promise<void>;
  write(piece: Buffer): Promise<void>;
  /** The present file is over; `isWhole` when it has the size that it was said to have. */
  end(isWhole: boolean): Promise<void>;
}

/** Bounds of the files that a worker sends after one program. */
export interface FileLimits {
  readonly count: number;
  readonly bytes: number;
}

/** Size of a piece. */
const PIECE_BYTES = 256 * 1_024;

/** Receives the files of a worker. What it sends is not trusted: sizes are counted, and bounds end the conversation. */
export function createFileReceiver(sink: FileSink, limits: FileLimits) {
  let queue = Promise.resolve();
  let left: number | undefined;
  let [count, bytes] = [0, 0];

  const end = (): void => {
    const isWhole = left === 0;
    if (left !== undefined) queue = queue.then(() => sink.end(isWhole));
    left = undefined;
  };
  return {
    /** Takes a frame `file` or `data`; undefined for one that a worker never sends. */
    take({ kind, payload }: Frame): Promise<void> | undefined {
      if (kind === 'file') {
        const header = parseHeader(payload);
        count += 1;
        if (header === undefined || count > limits.count) return undefined;
        end();
        left = header.size_bytes;
        queue = queue.then(() => sink.begin(header));
        return queue;
      }
      bytes += payload.length;
      if (left === undefined || payload.length > left || bytes > limits.bytes) return undefined;
      left -= payload.length;
      queue = queue.then(() => sink.write(payload));
      return queue;
    },
    /** Resolves when the sink has all files. */
    finish(): Promise<void> {
      end();
      return queue;
    },
  };
}

function parseHeader(payload: Buffer): FileHeader | undefined {
  try {
    return FileHeader.parse(JSON.parse(payload.toString()));
  } catch {
    return undefined;
  }
}

/** A file for a worker. */
export interface FileToSend {
  readonly path: string;
  readonly sizeBytes: number;
  /** True for a file of the call; false for one that the workspace had before. */
  readonly isGiven: boolean;
  /** Returns its content, in pieces of any size. */
  read(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** Sends files, no faster than the worker takes them. A file that turns out shorter than it was is filled up with zeros. */
export async function sendFiles(
  { send, drained, isOver }: Pick<Conversation, 'send' | 'drained' | 'isOver'>,
  files: readonly FileToSend[],
): Promise<void> {
  for (const { path, sizeBytes, isGiven, read } of files) {
    send('file', jsonPayload({ path, size_bytes: sizeBytes, is_given: isGiven }));
    let left = sizeBytes;
    for await (const piece of read()) {
      for (let at = 0; at < piece.length && left > 0; at += PIECE_BYTES) {
        const part = piece.subarray(at, Math.min(at + PIECE_BYTES, at + left));
        left -= part.length;
        send('data', part);
        await drained();
        if (isOver()) return;
      }
    }
    while (left > 0) {
      const zeros = Buffer.alloc(Math.min(left, PIECE_BYTES));
      left -= zeros.length;
      send('data', zeros);
      await drained();
    }
  }
}
