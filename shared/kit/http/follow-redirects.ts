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
 * Sends a request with `send` and follows redirects where that writes nothing a second time: those of requests that read,
 * 303, and 307 and 308, which say that nothing has been done yet (RFC 9110, sections 15.4.8 and 15.4.9). Servers that add
 * or remove the last slash of a path say so by 301, too. `send` has to read or dump the body of a redirect. Headers
 * travel along: `check` has to say where they may go.
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
    request = redirected(request, location, answer.statusCode);
  }
}

function locationOf({ method, url }: HttpRequest, answer: Head): URL | undefined {
  const { location } = answer.headers;
  if (!isRedirect(answer) || typeof location !== 'string') return undefined;
  const target = URL.parse(location, url.href);
  if (target === null) return undefined;
  const { statusCode } = answer;
  const isFollowed = isRead(method) || statusCode === 303 || isRepeated(statusCode) || isSlashApart(url, target);
  return isFollowed ? target : undefined;
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Tells whether a status asks for the same request, body included, elsewhere. */
const isRepeated = (statusCode: number): boolean => statusCode === 307 || statusCode === 308;

function isSlashApart(from: URL, to: URL): boolean {
  const paths = [`${from.pathname}/`, from.pathname.replace(/\/$/, '')];
  return (
    from.host === to.host && from.search === to.search && from.pathname !== to.pathname && paths.includes(to.pathname)
  );
}

function redirected(request: HttpRequest, url: URL, statusCode: number): HttpRequest {
  if (isRead(request.method) || statusCode !== 303) return { ...request, url };
  const { 'content-type': _type, ...headers } = request.headers;
  return { ...request, url, method: 'GET', headers, body: undefined };
}
