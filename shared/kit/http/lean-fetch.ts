import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { withCallSpan } from '../telemetry/tracing.ts';

/** More than any tool of ours answers; a server that sends more is cut off. */
const MAX_RESPONSE_BYTES = 64 * 1_024 ** 2;

/** An answer as it arrives: `body` has to be read to its end, or destroyed. */
export interface LeanAnswer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable & { text(): Promise<string> };
}

/** The connections to one server: a fetch over them, and their end. */
export function createLeanFetch(headers: Readonly<Record<string, string>>, connectTimeoutMs: number) {
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs },
    // The clocks of a call are its caller's.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_RESPONSE_BYTES,
  });
  return {
    fetch: leanFetch(agent, headers),
    /** Posts `text` as JSON, without anything in between. */
    post: (url: URL, text: string, own: Record<string, string>, signal: AbortSignal): Promise<LeanAnswer> =>
      withCallSpan('POST', url, (ids) =>
        agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers, ...ids, ...own },
          body: text,
          signal,
        }),
      ),
    close: () => agent.destroy(),
  };
}

/**
 * The part of fetch that the SDK's transport uses, over undici's `request`, which costs a fraction of its `fetch`.
 * A JSON answer is read whole, an event stream as it comes. Adds `headers` and those of the current request.
 */
function leanFetch(dispatcher: Agent, headers: Readonly<Record<string, string>>) {
  return async (
    input: string | URL,
    { method = 'GET', headers: sent, body, signal }: RequestInit = {},
  ): Promise<Response> => {
    if (body !== null && body !== undefined && typeof body !== 'string') throw new TypeError('only text can be sent');
    const verb = method === 'POST' || method === 'DELETE' ? method : 'GET';
    return withCallSpan(verb, new URL(input), async (ids, span) => {
      const all = new Headers(sent);
      for (const [key, value] of Object.entries({ ...headers, ...ids })) all.set(key, value);
      const answer = await request(input, {
        dispatcher,
        method: verb,
        headers: Object.fromEntries(all),
        body: body ?? null,
        signal: signal ?? null,
      });
      if (answer.statusCode >= 400) span.fail(String(answer.statusCode));
      return toResponse(answer);
    });
  };
}

async function toResponse({ statusCode: status, headers, body }: Dispatcher.ResponseData): Promise<Response> {
  const received = new Headers();
  for (const [key, value] of Object.entries(headers)) received.set(key, String(value));
  const isStream = received.get('content-type')?.startsWith('text/event-stream') === true;
  const hasNoBody = status === 204 || status === 304;
  const content = isStream ? ReadableStream.from(body) : await body.text();
  return new Response(hasNoBody ? null : content, { status, headers: received });
}
