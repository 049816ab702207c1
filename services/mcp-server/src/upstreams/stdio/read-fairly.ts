import type { Readable } from 'node:stream';

const PERIOD_MS = 100;
/** What one stream may have of each period. */
const SHARE_MS = 30;

/**
 * Hands on what comes, with a bound on the time that this takes: a peer that sends without end keeps this process at
 * work for a third of its time at most, and the others get their answers. The rest waits in the peer's pipe.
 */
export function readFairly(stream: Readable, handle: (chunk: Buffer) => void): void {
  let periodStart = 0;
  let spentMs = 0;
  stream.on('data', (chunk: Buffer) => {
    const started = performance.now();
    if (started - periodStart > PERIOD_MS) {
      periodStart = started;
      spentMs = 0;
    }
    handle(chunk);
    const now = performance.now();
    spentMs += now - started;
    if (spentMs < SHARE_MS) return;
    stream.pause();
    setTimeout(() => stream.resume(), Math.max(1, periodStart + PERIOD_MS - now));
  });
}
