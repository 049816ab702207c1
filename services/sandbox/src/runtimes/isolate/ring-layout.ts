/**
 * The layout of output in memory that an isolate and its owner share: the count of bytes written and the count being
 * written to (modulo 2^32, 32 bits each), padding, the first HEAD_BYTES of the stream, then a ring with the latest
 * RING_BYTES of what follows.
 */
export const HEADER_BYTES = 64;
export const HEAD_BYTES = 32 * 1_024;
export const RING_BYTES = 128 * 1_024;
