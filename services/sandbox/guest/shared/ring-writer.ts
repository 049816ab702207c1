import { HEAD_BYTES, HEADER_BYTES, RING_BYTES } from '../../src/runtimes/isolate/ring-layout.ts';

/** Appends bytes to a stream of output. It never waits. */
export interface RingWriter {
  write(bytes: Uint8Array): void;
  /** Begins another stream, as `restart` of the ring does: a run's output begins at 0. */
  restart(): void;
}

/** Makes the writing half of output-ring.ts, for the stream in `memory`. */
export function createRingWriter(memory: SharedArrayBuffer): RingWriter {
  const counts = new Int32Array(memory, 0, 2);
  const head = new Uint8Array(memory, HEADER_BYTES, HEAD_BYTES);
  const ring = new Uint8Array(memory, HEADER_BYTES + HEAD_BYTES, RING_BYTES);
  let total = 0;

  const append = (bytes: Uint8Array) => {
    const first = bytes.subarray(0, Math.max(0, HEAD_BYTES - total));
    head.set(first, Math.min(total, HEAD_BYTES));
    const rest = bytes.subarray(first.length);
    // All but the end of one huge write would be overwritten at once.
    const skipped = Math.max(0, rest.length - RING_BYTES);
    const start = (Math.max(0, total + first.length - HEAD_BYTES) + skipped) % RING_BYTES;
    const straight = rest.subarray(skipped, skipped + RING_BYTES - start);
    ring.set(straight, start);
    ring.set(rest.subarray(skipped + straight.length), 0);
    total += bytes.length;
  };

  return {
    write(bytes) {
      // Claimed before and counted after, so that the reader knows what may change under its hands.
      Atomics.store(counts, 1, (total + bytes.length) | 0);
      append(bytes);
      Atomics.store(counts, 0, total | 0);
    },
    restart() {
      total = 0;
    },
  };
}
