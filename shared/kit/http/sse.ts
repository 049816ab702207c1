import type { ServerResponse } from 'node:http';
import { createParser } from 'eventsource-parser';
import { withDeadline } from '../faults/deadline.ts';
import { TOO_LARGE_CODE } from '../faults/resilience.ts';

export interface EventStreamOptions {
  /** Sent besides those of every event stream. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * A reader that is further behind is cut off, which cancels its call: its backlog is not kept in memory. Infinity is
   * for a writer that waits for `drained` instead.
   */
  readonly maxBacklogBytes?: number;
  readonly pingMs?: number;
}

/** The fields of an event besides its data. */
export interface EventFields {
  readonly event?: string;
  /** A reader that comes back names the last one that it got. */
  readonly id?: string;
  /** Time after which a reader that lost the stream should come back. */
  readonly retryMs?: number;
}

/** Server-sent events over one HTTP answer. The first event opens it; nothing is sent to a reader that has gone. */
export interface EventStream {
  /** Sends status and headers. */
  open(): void;
  /** True when status and headers are out, so that an error can only be sent as an event. */
  readonly isOpen: boolean;
  send(event: string, data: unknown): void;
  /** Sends one event whose data is text of one line. */
  sendText(data: string, fields?: EventFields): void;
  /** Sends one event without a name for each part. */
  sendParts(parts: readonly unknown[]): void;
  /** Resolves when the reader can take more, when it has gone, or when `signal` aborts. */
  drained(signal: AbortSignal): Promise<void>;
  /** Ends the stream, with `lastData` as its last event. */
  end(lastData?: string): void;
}

/** Proxies and browsers give up on a silent stream after 30 to 60 s. */
const PING_MS = 15_000;
const MAX_BACKLOG_BYTES = 4 * 1_024 ** 2;

/** Writes server-sent events to `res`, and comments in between, so that no proxy cuts a quiet stream. */
export function createEventStream(res: ServerResponse, options: EventStreamOptions = {}): EventStream {
  const { headers = {}, maxBacklogBytes = MAX_BACKLOG_BYTES, pingMs = PING_MS } = options;
  const isGone = () => res.destroyed || res.writableEnded;
  const open = (): void => {
    if (res.headersSent || isGone()) return;
    res.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      ...headers,
    });
    res.flushHeaders();
  };
  const write = (frames: string): void => {
    if (isGone()) return;
    if (res.writableLength > maxBacklogBytes) return void res.destroy();
    open();
    res.write(frames);
  };
  const ping = setInterval(() => {
    // What waits to be read keeps the connection busy enough.
    if (!res.writableNeedDrain) write(': ping\n\n');
  }, pingMs);
  res.once('close', () => clearInterval(ping));

  return {
    open,
    get isOpen() {
      return res.headersSent;
    },
    send: (event, data) => write(`event: ${event}\n${frameOf(data)}`),
    sendText: (data, fields = {}) => write(`${fieldsOf(fields)}data: ${data}\n\n`),
    sendParts: (parts) => {
      if (parts.length > 0) write(parts.map(frameOf).join(''));
    },
    async drained(signal) {
      if (!isGone() && res.writableNeedDrain) await nextDrain(res, signal);
    },
    end(lastData) {
      clearInterval(ping);
      if (!isGone()) res.end(lastData === undefined ? '' : `data: ${lastData}\n\n`);
    },
  };
}

function fieldsOf({ event, id, retryMs }: EventFields): string {
  const lines = [
    event === undefined ? '' : `event: ${event}\n`,
    id === undefined ? '' : `id: ${id}\n`,
    retryMs === undefined ? '' : `retry: ${retryMs}\n`,
  ];
  return lines.join('');
}

const frameOf = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

function nextDrain(res: ServerResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    res.off('drain', done).off('close', done);
    signal.removeEventListener('abort', done);
    resolve();
  };
  res.once('drain', done).once('close', done);
  signal.addEventListener('abort', done, { once: true });
  return promise;
}

export interface ServerSentEvent {
  /** `message` for an event without a name. */
  readonly event: string;
  readonly data: string;
  /** Resumes the stream after this event. */
  readonly id?: string;
}

export interface ReadEventsOptions {
  /** Receives the pause that the server wants before the stream is opened again. */
  readonly onRetry?: (ms: number) => void;
  /** The most characters of one event. Default: no limit. */
  readonly maxEventLength?: number;
  /** Tells the event that ends the stream by its data. It is not passed on, nor is what follows. */
  readonly isLast?: (data: string) => boolean;
}

/** The time for which the rest of a body is read after its last event, so that its connection can be used again. */
const REST_MS = 100;

/**
 * Reads the server-sent events of a body, one by one. Pieces may end anywhere, within a character too, and the end of
 * the body completes its last event. A reader that stops early lets go of the body.
 * @throws SyntaxError for a body that is something else, an error for an event that is too long, and what reading the body throws
 */
export async function* readEvents(
  body: AsyncIterable<Uint8Array>,
  options: ReadEventsOptions = {},
): AsyncGenerator<ServerSentEvent> {
  const { isLast = () => false } = options;
  const pieces = body[Symbol.asyncIterator]();
  const decoder = createLineDecoder();
  const events: ServerSentEvent[] = [];
  let isEventStream = false;
  let isBlank = true;
  const onLine = () => {
    isEventStream = true;
  };
  const onEvent = (event: ServerSentEvent) => events.push(event);
  const parser = createEventParser({ onLine, onEvent }, options);
  try {
    for (let isOver = false; !isOver;) {
      const { done = false, value } = await pieces.next();
      isOver = done;
      const text = done ? `${decoder.end()}\n\n` : decoder.decode(value);
      isBlank &&= text.trim() === '';
      parser.feed(text);
      for (const event of events.splice(0)) {
        if (isLast(event.data)) return await readRest(pieces);
        yield event;
      }
    }
  } finally {
    // Not awaited: it would wait for a piece that never comes.
    pieces.return?.().catch(() => {});
  }
  if (!isEventStream && !isBlank) throw new SyntaxError('the body is not made of server-sent events');
}

interface EventListeners {
  /** Called for whatever makes a body one of server-sent events. */
  readonly onLine: () => void;
  readonly onEvent: (event: ServerSentEvent) => void;
}

function createEventParser({ onLine, onEvent }: EventListeners, { onRetry, maxEventLength }: ReadEventsOptions) {
  return createParser({
    ...(maxEventLength === undefined ? {} : { maxBufferSize: maxEventLength }),
    onEvent({ event = 'message', data, id }) {
      onLine();
      onEvent({ event, data, ...(id === undefined ? {} : { id }) });
    },
    onRetry(ms) {
      onLine();
      onRetry?.(ms);
    },
    onError({ type }) {
      if (type === 'max-buffer-size-exceeded') throw tooLong(maxEventLength);
    },
    onComment: onLine,
  });
}

const tooLong = (most = 0): Error =>
  Object.assign(new Error(`an event of more than ${most} characters`), { code: TOO_LARGE_CODE });

/** Decodes a body in pieces, with every line ended by a line feed: the parser looks for other ends again with each line. */
function createLineDecoder() {
  const decoder = new TextDecoder();
  /** A carriage return at the end of a piece, which may be the first half of a line's end. */
  let held = '';
  const withLineFeeds = (text: string) => (text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text);
  return {
    decode(bytes: Uint8Array): string {
      const text = held + decoder.decode(bytes, { stream: true });
      held = text.endsWith('\r') ? '\r' : '';
      return withLineFeeds(held === '' ? text : text.slice(0, -1));
    },
    end: () => withLineFeeds(held + decoder.decode()),
  };
}

/** Reads what is left of a body for a moment. Neither what comes nor how it fails matters: the answer was whole. */
async function readRest(pieces: AsyncIterator<Uint8Array>): Promise<void> {
  const readAll = async () => {
    while ((await pieces.next()).done !== true);
  };
  await withDeadline({ ms: REST_MS, late: () => new Error('the body goes on') }, readAll).catch(() => {});
}
