import { isEventStream } from '../../../kit/http/fetch-adapter.ts';
import { fairly } from '../../../kit/http/fairly.ts';
import { readEvents, type ServerSentEvent } from '../../../kit/http/sse.ts';
import type { Duplex, OnText, OpenDuplex } from '../duplex.ts';
import { ConnectionClosed, NotMcp } from '../failures.ts';
import { createAddress } from './http-link.ts';
import { failureOf, notMcp } from './read-answer.ts';
import type { HttpServer } from './streamable-http.ts';

/** As long as the answers that come one by one over HTTP may be. */
const MAX_EVENT_LENGTH = 64 * 1_024 ** 2;

/**
 * Returns the way to open a channel over HTTP with server-sent events, the transport of 2024: what the server says comes
 * on one stream, which first names the address that takes our messages.
 */
export function sseChannel(server: HttpServer): OpenDuplex {
  const { name, url, link } = server;
  const context = { name, isModern: false, hadSession: false };
  return async (onText, signal) => {
    const ending = new AbortController();
    const onAbort = () => ending.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    const source = createAddress(url, link.openStream);
    try {
      const headers = { accept: 'text/event-stream' };
      const answer = await source.reach({ method: 'GET', headers, signal: ending.signal });
      if (answer.statusCode >= 300) throw await failureOf(answer, context);
      if (!isEventStream(answer)) {
        answer.body.on('error', () => {}).destroy();
        throw notMcp(answer);
      }
      const events = readEvents(fairly(answer.body), { maxEventLength: MAX_EVENT_LENGTH });
      const endpoint = await endpointOf(events, source.url);
      return channelOver({ events, onText, end: () => ending.abort(), post: poster(server, endpoint) });
    } catch (error) {
      ending.abort();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };
}

/** Reads the address for messages, which a server must not have elsewhere: our headers go there. */
async function endpointOf(events: AsyncGenerator<ServerSentEvent>, from: URL): Promise<URL> {
  for (;;) {
    const { value, done = false } = await events.next();
    if (done || value === undefined) throw new NotMcp('ended its stream without an address for messages');
    if (value.event !== 'endpoint') continue;
    const endpoint = URL.parse(value.data.trim(), from.href);
    if (endpoint === null) throw new NotMcp('named an address for messages that is no URL');
    if (endpoint.origin !== from.origin) {
      throw new NotMcp(`wants its messages at ${endpoint.origin}, where its headers are not sent`);
    }
    return endpoint;
  }
}

function poster({ name, link }: HttpServer, endpoint: URL) {
  const address = createAddress(endpoint, link.send);
  return async (body: string, signal: AbortSignal | undefined): Promise<void> => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const answer = await address.reach({ method: 'POST', headers, body, signal });
    // A server that has restarted does not know the session in the address.
    if (answer.statusCode >= 300) throw await failureOf(answer, { name, isModern: false, hadSession: true });
    if (isEventStream(answer)) answer.body.on('error', () => {}).destroy();
    else await answer.body.dump();
  };
}

interface ChannelParts {
  readonly events: AsyncGenerator<ServerSentEvent>;
  readonly onText: OnText;
  readonly post: (body: string, signal: AbortSignal | undefined) => Promise<void>;
  readonly end: () => void;
}

function channelOver({ events, onText, post, end }: ChannelParts): Duplex {
  let isClosed = false;
  const read = async (): Promise<Error> => {
    let cause: unknown;
    try {
      for await (const { event, data } of events) if (event === 'message') onText(data);
    } catch (error) {
      cause = error;
    }
    isClosed = true;
    end();
    return new ConnectionClosed('ended its stream before it had answered', { cause });
  };
  return {
    closed: read(),
    async write(text, signal) {
      if (isClosed) throw new ConnectionClosed('has ended its stream', { wasNeverSent: true });
      await post(text, signal);
    },
    async close() {
      end();
    },
  };
}
