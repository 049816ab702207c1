import type { HttpAnswer, HttpMethod, HttpRequest } from './connections.ts';

/** The part of fetch that SDKs use. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

const METHODS: readonly HttpMethod[] = ['GET', 'POST', 'DELETE'];

/** Returns the request that a call of fetch stands for. @throws TypeError for a body that is no text. */
export function requestOf(input: string | URL | Request, init: RequestInit = {}): HttpRequest {
  const { method = 'GET', headers, body, signal } = init;
  if (body !== null && body !== undefined && typeof body !== 'string') throw new TypeError('only text can be sent');
  return {
    method: METHODS.find((known) => known === method.toUpperCase()) ?? 'GET',
    url: new URL(input instanceof Request ? input.url : input),
    headers: Object.fromEntries(new Headers(headers)),
    body: body ?? undefined,
    signal,
  };
}

export function headersOf({ headers }: Pick<HttpAnswer, 'headers'>): Headers {
  const received = new Headers();
  for (const [key, value] of Object.entries(headers)) if (value !== undefined) received.set(key, String(value));
  return received;
}

/** Returns true for an answer of server-sent events, which is read as it comes. */
export const isEventStream = ({ headers }: HttpAnswer): boolean =>
  /^\s*text\/event-stream/i.test(String(headers['content-type'] ?? ''));

/** Returns true for an answer that cannot have a body: a `Response` refuses one. */
export const hasNoBody = ({ statusCode }: HttpAnswer): boolean => statusCode === 204 || statusCode === 304;
