// Prelude: the writing half of ../output-ring.ts, which defines HEADER_BYTES, HEAD_BYTES and RING_BYTES.

/**
 * Returns a function that appends bytes (a Uint8Array) to the stream in `memory`. It never waits. `restart()` on it
 * begins another stream, as restart() of the ring does: a run's output begins at 0.
 */
function createWriter(memory) {
  const counts = new Int32Array(memory, 0, 2);
  const head = new Uint8Array(memory, HEADER_BYTES, HEAD_BYTES);
  const ring = new Uint8Array(memory, HEADER_BYTES + HEAD_BYTES, RING_BYTES);
  let total = 0;

  const append = (bytes) => {
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

  const write = (bytes) => {
    // Claimed before and counted after, so that the reader knows what may change under its hands.
    Atomics.store(counts, 1, (total + bytes.length) | 0);
    append(bytes);
    Atomics.store(counts, 0, total | 0);
  };
  write.restart = () => {
    total = 0;
  };
  return write;
}
