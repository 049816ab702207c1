import {
  createConnections,
  type Connections,
  type HttpAnswer,
  type HttpMethod,
} from '../../../kit/http/connections.ts';
import { isRedirect } from '../../../kit/http/follow-redirects.ts';
import { NotMcp } from '../failures.ts';

export interface HttpLinkOptions {
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time limit of a connect on the network; requests have time limits of their own. */
  readonly connectMs: number;
}

/** The way to one HTTP server, shared by all connections of MCP to it. */
export interface HttpLink {
  /** Sends a request, without following redirects. */
  send(request: LinkRequest): Promise<HttpAnswer>;
  /** Opens a stream that may bring any number of bytes. */
  openStream(request: LinkRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface LinkRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
}

export function createHttpLink({ headers: own, connectMs }: HttpLinkOptions): HttpLink {
  const messages = createConnections({ connectMs });
  let streams: Connections | undefined;
  const over = (connections: Connections, { headers, ...request }: LinkRequest): Promise<HttpAnswer> =>
    connections.exchange({ ...request, headers: { ...headers, ...own } }, async (answer, span) => {
      if (answer.statusCode >= 400) span.fail(String(answer.statusCode));
      return answer;
    });
  return {
    send: (request) => over(messages, request),
    openStream: (request) => {
      streams ??= createConnections({ connectMs, maxResponseBytes: Number.POSITIVE_INFINITY });
      return over(streams, request);
    },
    async close() {
      await Promise.all([messages.close(), streams?.close()]);
    },
  };
}

/** The address of a server, which it may move within its origin. */
export interface Address {
  readonly url: URL;
  /** Sends a request to it, again for each redirect. @throws NotMcp for a redirect that is not followed */
  reach(request: Omit<LinkRequest, 'url'>): Promise<HttpAnswer>;
}

const MAX_REDIRECTS = 5;

export function createAddress(first: URL, send: HttpLink['send']): Address {
  let url = first;
  return {
    get url() {
      return url;
    },
    async reach(request) {
      for (let hops = 0; ; hops += 1) {
        const answer = await send({ ...request, url });
        if (!isRedirect(answer)) return answer;
        await answer.body.dump();
        if (hops === MAX_REDIRECTS) throw new NotMcp(`redirected the request more than ${MAX_REDIRECTS} times`);
        url = redirectedTo(url, answer);
      }
    },
  };
}

/** Returns where an answer redirects to. Headers with keys go along, so that it has to be within the origin. */
function redirectedTo(from: URL, { statusCode: status, headers: { location } }: HttpAnswer): URL {
  const to = typeof location === 'string' ? URL.parse(location, from.href) : null;
  if (to === null || status === 303) throw new NotMcp(`answered with status ${status}, which leads nowhere`);
  if (to.origin === from.origin) return to;
  throw new NotMcp(
    `redirects to ${to.origin}, where its headers are not sent; if that is right, set its "url" to ${to.origin}${to.pathname}`,
  );
}
