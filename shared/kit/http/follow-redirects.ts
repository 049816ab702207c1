import type { HttpAnswer, HttpRequest } from './connections.ts';

export interface RedirectRules {
  /** Redirects of one request. */
  readonly max: number;
  /** Makes the error of a request that is redirected more often. */
  readonly tooMany: () => Error;
  /** Throws for a redirect that must not be followed. */
  readonly check: (from: URL, to: URL) => void;
}

/** The part of an answer that says where to go. */
type Head = Pick<HttpAnswer, 'statusCode' | 'headers'>;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export const isRedirect = ({ statusCode }: Head): boolean => REDIRECTS.has(statusCode);

/**
 * Sends a request with `send` and follows redirects where that writes nothing a second time. `send` has to read or dump
 * the body of a redirect. Headers travel along: `check` has to say where they may go.
 */
export async function followRedirects<A extends Head>(
  first: HttpRequest,
  send: (request: HttpRequest) => Promise<A>,
  { max, tooMany, check }: RedirectRules,
): Promise<{ readonly answer: A; readonly url: URL }> {
  let request = first;
  for (let hops = 0; ; hops += 1) {
    const answer = await send(request);
    const location = locationOf(request, answer);
    if (location === undefined) return { answer, url: request.url };
    if (hops >= max) throw tooMany();
    check(request.url, location);
    request = redirected(request, location);
  }
}

function locationOf({ method, url }: HttpRequest, answer: Head): URL | undefined {
  const { location } = answer.headers;
  // 303 says that the writing is done, and where to read of it.
  const isFollowed = isRedirect(answer) && (isRead(method) || answer.statusCode === 303);
  return isFollowed && typeof location === 'string' ? (URL.parse(location, url.href) ?? undefined) : undefined;
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

function redirected(request: HttpRequest, url: URL): HttpRequest {
  if (isRead(request.method)) return { ...request, url };
  const { 'content-type': _type, ...headers } = request.headers;
  return { ...request, url, method: 'GET', headers, body: undefined };
}
