import { createConnections, type HttpAnswer } from './connections.ts';
import { type Fetch, hasNoBody, headersOf, isEventStream, requestOf } from './fetch-adapter.ts';

export interface LeanFetch {
  /** A JSON answer is read whole, an event stream as it comes. */
  readonly fetch: Fetch;
  /** Posts `text` as JSON, with nothing in between. */
  post(url: URL, text: string, sent: Posted): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface Posted {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Returns the part of fetch that the SDK's transport uses, over connections of their own: undici's `request` costs a
 * fraction of its `fetch`. Adds `headers` and those of the current request. The clocks of a call are its caller's.
 */
export function createLeanFetch(headers: Readonly<Record<string, string>>, connectMs: number): LeanFetch {
  const connections = createConnections({ connectMs });
  return {
    fetch: (input, init) => {
      const request = requestOf(input, init);
      return connections.exchange({ ...request, headers: { ...request.headers, ...headers } }, async (answer, span) => {
        if (answer.statusCode >= 400) span.fail(String(answer.statusCode));
        return toResponse(answer);
      });
    },
    post: (url, text, sent) =>
      connections.exchange(
        {
          method: 'POST',
          url,
          headers: { 'content-type': 'application/json', ...headers, ...sent.headers },
          body: text,
          signal: sent.signal,
        },
        async (answer) => answer,
      ),
    close: connections.close,
  };
}

async function toResponse(answer: HttpAnswer): Promise<Response> {
  const { statusCode: status, body } = answer;
  // Node reads such an answer, and a `Response` cannot be one: the server is at fault, and not this program.
  if (status > 599) throw new Error(`an answer with status ${status}, which HTTP does not have`);
  const content = isEventStream(answer) ? ReadableStream.from(body) : await body.text();
  return new Response(hasNoBody(answer) ? null : content, { status, headers: headersOf(answer) });
}
