import type { Readable } from 'node:stream';

const PERIOD_MS = 100;
/** Share of each period that one stream may use. */
const SHARE_MS = 30;

/**
 * Passes chunks on within a limit of time: a peer that floods us uses a third of this process's time at most, so that
 * others get their answers. The rest waits in the peer's pipe.
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
