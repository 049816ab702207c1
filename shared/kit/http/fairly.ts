import { setTimeout as sleep } from 'node:timers/promises';

const PERIOD_MS = 100;
/** Share of each period that one stream may use. */
const SHARE_MS = 30;

/**
 * Yields the pieces of a stream within a limit of time: a peer that floods us uses a third of this process's time at most,
 * so that others get their answers. The time between a piece and the next counts; the reader must not wait in between.
 */
export async function* fairly(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let periodStart = performance.now();
  let spentMs = 0;
  for await (const piece of pieces) {
    const started = performance.now();
    if (started - periodStart > PERIOD_MS) {
      periodStart = started;
      spentMs = 0;
    }
    yield piece;
    const now = performance.now();
    spentMs += now - started;
    if (spentMs >= SHARE_MS) await sleep(Math.max(1, periodStart + PERIOD_MS - now), undefined, { ref: false });
  }
}
