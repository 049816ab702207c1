import type { OutputPiece, OutputSource } from '../../workers/serve-worker.ts';
import { HEAD_BYTES, HEADER_BYTES, RING_BYTES } from './ring-layout.ts';

/**
 * Output that crosses from an isolate to the thread that owns it, in memory that both share (ring-layout.ts): the program
 * writes at the speed of memory and never waits, the owner polls and misses only what a flood has overwritten.
 */
export interface OutputRing extends OutputSource {
  readonly memory: SharedArrayBuffer;
  /** Begins another stream, at position 0. Only while no program runs; the next restarts its writer before it writes. */
  restart(): void;
}

export function createOutputRing(): OutputRing {
  const memory = new SharedArrayBuffer(HEADER_BYTES + HEAD_BYTES + RING_BYTES);
  const counts = new Int32Array(memory, 0, 2);
  const head = new Uint8Array(memory, HEADER_BYTES, HEAD_BYTES);
  const ring = new Uint8Array(memory, HEADER_BYTES + HEAD_BYTES, RING_BYTES);
  let total = 0;
  let taken = 0;

  /** Counts wrap around at 2^32; less than that comes between two polls. */
  const readTotal = (): number => {
    total += (Atomics.load(counts, 0) - total) >>> 0;
    return total;
  };
  const readClaimed = (): number => total + ((Atomics.load(counts, 1) - total) >>> 0);

  const takeHead = (end: number): OutputPiece[] => {
    const to = Math.min(end, HEAD_BYTES);
    return taken < to ? [{ position: taken, bytes: Buffer.from(head.slice(taken, to)) }] : [];
  };

  const takeRing = (end: number): OutputPiece[] => {
    const from = Math.max(taken, HEAD_BYTES, end - RING_BYTES);
    if (from >= end) return [];
    const bytes = Buffer.alloc(end - from);
    const start = (from - HEAD_BYTES) % RING_BYTES;
    const straight = Math.min(bytes.length, RING_BYTES - start);
    bytes.set(ring.subarray(start, start + straight), 0);
    bytes.set(ring.subarray(0, bytes.length - straight), straight);
    // The program may have written on while we copied: what it has overwritten, or begun to, is not what stood there.
    const overwritten = Math.max(0, readClaimed() - RING_BYTES - from);
    if (overwritten >= bytes.length) return [];
    return [{ position: from + overwritten, bytes: bytes.subarray(overwritten) }];
  };

  return {
    memory,
    take() {
      const end = readTotal();
      const pieces = [...takeHead(end), ...takeRing(end)];
      taken = end;
      return pieces;
    },
    restart() {
      counts.fill(0);
      total = 0;
      taken = 0;
    },
  };
}
