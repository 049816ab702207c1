import type { Duplex } from 'node:stream';

/**
 * The wire between the service and a worker: frames of a 4-byte big-endian length, one byte of kind, a payload.
 * Frames of a worker are not trusted: one that is too long ends the conversation.
 */
export type FrameKind = (typeof KINDS)[number];

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Buffer;
}

/** In this order, which is their code on the wire. */
const KINDS = [
  /** worker -> service, JSON: the worker is warm. */
  'ready',
  /** service -> worker, JSON: run this. */
  'program',
  /** worker -> service: 8 bytes of position (a little-endian double), then bytes of standard output. */
  'stdout',
  'stderr',
  /** service -> worker, empty: send what output there is, the end is near. */
  'flush',
  /** worker -> service, empty: everything has been sent. */
  'flushed',
  /** worker -> service, JSON: how the program ended. */
  'report',
  /** launcher -> service, JSON: a worker has been started, and this is its process. */
  'started',
  /** launcher -> service, JSON: a worker is gone. */
  'gone',
  /** service -> launcher, JSON: end a worker. */
  'kill',
  /** worker -> service, JSON: something that the program shows. */
  'display',
  /** worker -> service, JSON: the program calls a tool (`tools/call-message.ts`). */
  'call',
  /** service -> worker, JSON: the answer to a call. */
  'answer',
  /** service -> worker, JSON: interrupt the program, and keep its session. */
  'interrupt',
  /** both ways, JSON: a file begins: one of the program's own before it starts, or one that it has left (`file-frames.ts`). */
  'file',
  /** both ways: the next piece of that file. */
  'data',
] as const;

const HEADER_BYTES = 5;
/** The text of a program and its input in base64; of a worker, a report. Files come in pieces. */
const MAX_FRAME_BYTES = 16 * 1_024 ** 2;

/** Takes a frame. A promise keeps further ones waiting, and their sender. */
export type FrameListener = (frame: Frame) => void | Promise<void>;

export function writeFrame(stream: Duplex, kind: FrameKind, payload: Buffer = Buffer.alloc(0)): void {
  if (stream.writableEnded || stream.destroyed) return;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt8(KINDS.indexOf(kind), 4);
  // Frames of one turn leave together: each system call wakes the other side up.
  if (stream.writableCorked === 0) {
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
  stream.write(header);
  if (payload.length > 0) stream.write(payload);
}

export const jsonPayload = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Calls `onFrame` for each frame; destroys the stream at the first that is malformed. */
export function readFrames(stream: Duplex, onFrame: FrameListener): void {
  let waiting = 0;
  const hand = (frame: Frame): void => {
    const taken = onFrame(frame);
    if (taken === undefined) return;
    waiting += 1;
    stream.pause();
    const go = () => {
      waiting -= 1;
      if (waiting === 0) stream.resume();
    };
    taken.then(go, go);
  };
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let wanted = HEADER_BYTES;
  stream.on('data', (chunk: Buffer) => {
    pending.push(chunk);
    pendingBytes += chunk.length;
    if (pendingBytes < wanted) return;
    let buffer = Buffer.concat(pending);
    for (;;) {
      if (buffer.length < HEADER_BYTES) break;
      const length = buffer.readUInt32BE(0);
      const kind = KINDS[buffer.readUInt8(4)];
      if (length > MAX_FRAME_BYTES || kind === undefined) return void stream.destroy(new Error('malformed frame'));
      if (buffer.length < HEADER_BYTES + length) break;
      hand({ kind, payload: buffer.subarray(HEADER_BYTES, HEADER_BYTES + length) });
      buffer = buffer.subarray(HEADER_BYTES + length);
    }
    wanted = buffer.length < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + buffer.readUInt32BE(0);
    pending = buffer.length === 0 ? [] : [buffer];
    pendingBytes = buffer.length;
  });
}
