import type { Response } from 'express';

export interface EventStream {
  /** Writes one event; opens the stream when it is the first. */
  send(event: string, data: unknown): void;
  /** Whether the status line and headers are out, so that an error can only be told as an event. */
  readonly isOpen: boolean;
  end(): void;
}

/** Proxies and browsers give up on a silent stream after 30 to 60 s. */
const PING_MS = 15_000;
/** A reader this far behind is not reading: its call is cancelled rather than its backlog kept in memory. */
const MAX_BACKLOG_BYTES = 4 * 1_024 ** 2;

/** Server-sent events over `res`, with a comment every 15 s so that nothing in between cuts a quiet stream. */
export function createEventStream(res: Response): EventStream {
  const open = () => {
    if (res.headersSent) return;
    res.status(200).set({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    res.flushHeaders();
  };
  const write = (frame: string): void => {
    if (res.writableEnded || res.destroyed) return;
    if (res.writableLength > MAX_BACKLOG_BYTES) return void res.destroy();
    open();
    res.write(frame);
  };
  const ping = setInterval(() => write(': ping\n\n'), PING_MS);
  res.once('close', () => clearInterval(ping));

  return {
    send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    get isOpen() {
      return res.headersSent;
    },
    end: () => void res.end(),
  };
}
