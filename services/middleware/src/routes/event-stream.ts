import type { ServerResponse } from 'node:http';

/** Proxies and browsers give up on a silent stream after 30 to 60 s. */
const PING_MS = 15_000;

export interface FrameStream {
  /** Opens the stream: status and headers go out. */
  open(): void;
  /** Writes parts, each as one `data:` frame; resolves when the reader can take more, or is gone. */
  write(parts: readonly unknown[]): Promise<void>;
  readonly isOpen: boolean;
  /** Ends it, with `data: [DONE]` unless it failed. */
  end(failed?: boolean): void;
}

/**
 * Server-sent events without names over `res`. Whoever writes waits for a reader that is slow, so what is on its way
 * stays as small as the socket's buffer; `signal` ends that wait.
 */
export function createFrameStream(
  res: ServerResponse,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  pingMs = PING_MS,
): FrameStream {
  let ping: NodeJS.Timeout | undefined;
  const isGone = () => res.destroyed || res.writableEnded;
  const open = () => {
    if (res.headersSent || isGone()) return;
    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      connection: 'keep-alive',
      'x-accel-buffering': 'no',
      ...headers,
    });
    res.flushHeaders();
    ping = setInterval(() => {
      if (!isGone() && !res.writableNeedDrain) res.write(': ping\n\n');
    }, pingMs);
    res.once('close', () => clearInterval(ping));
  };
  return {
    open,
    async write(parts) {
      if (parts.length === 0 || isGone()) return;
      open();
      const isFlowing = res.write(parts.map((part) => `data: ${JSON.stringify(part)}\n\n`).join(''));
      if (!isFlowing) await drained(res, signal);
    },
    get isOpen() {
      return res.headersSent;
    },
    end(failed = false) {
      clearInterval(ping);
      if (!isGone()) res.end(failed ? '' : 'data: [DONE]\n\n');
    },
  };
}

function drained(res: ServerResponse, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    res.off('drain', done).off('close', done);
    signal.removeEventListener('abort', done);
    resolve();
  };
  if (signal.aborted || res.destroyed) return Promise.resolve();
  res.once('drain', done).once('close', done);
  signal.addEventListener('abort', done, { once: true });
  return promise;
}
