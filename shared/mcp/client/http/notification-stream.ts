import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpAnswer } from '../../../kit/http/connections.ts';
import { isEventStream } from '../../../kit/http/fetch-adapter.ts';
import type { Message } from '../read-message.ts';
import { readStream, type StreamPosition } from './read-answer.ts';

export interface NotificationStreamOptions {
  readonly open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<HttpAnswer>;
  readonly receive: (message: Message) => void;
  /** Told when the stream has opened, and when it has ended. */
  readonly onStream?: ((isOpen: boolean) => void) | undefined;
}

/** The pause before a stream that ended is opened again, doubled each time that nothing came. */
const REOPEN_AFTER_MS = 1_000;
const MAX_REOPEN_AFTER_MS = 60_000;
/** A stream that lasted this long was worth opening. */
const LASTING_MS = 10_000;

/**
 * Keeps a stream open on which a server before 2026-07-28 says what belongs to no request, until `signal` aborts: servers,
 * and proxies before them, end streams that are still wanted. Gives up on a server that has none.
 */
export async function keepNotificationStream(options: NotificationStreamOptions, signal: AbortSignal): Promise<void> {
  const { open, receive, onStream } = options;
  const position: StreamPosition = { lastEventId: undefined, retryMs: undefined };
  let pauseMs = REOPEN_AFTER_MS;
  const reader = {
    position,
    isOver: () => false,
    receive(message: Message) {
      pauseMs = REOPEN_AFTER_MS;
      receive(message);
    },
  };
  while (!signal.aborted) {
    const answer = await open(position.lastEventId, signal).catch(() => undefined);
    if (answer !== undefined && !(answer.statusCode === 200 && isEventStream(answer))) {
      await answer.body.dump().catch(() => {});
      // 404: the session is over; 405: there is no such stream.
      if (answer.statusCode < 500 && answer.statusCode !== 429) return;
    } else if (answer !== undefined) {
      const opened = performance.now();
      onStream?.(true);
      await readStream(answer, reader).catch(() => {});
      onStream?.(false);
      if (performance.now() - opened > LASTING_MS) pauseMs = REOPEN_AFTER_MS;
    }
    const asked = Math.min(position.retryMs ?? 0, MAX_REOPEN_AFTER_MS);
    await sleep(Math.max(pauseMs, asked), undefined, { signal, ref: false }).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, MAX_REOPEN_AFTER_MS);
  }
}
