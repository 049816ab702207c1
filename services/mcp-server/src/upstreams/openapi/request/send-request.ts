import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { networkError } from '@toolmesh/shared/kit/http/client';
import { withCallSpan } from '@toolmesh/shared/kit/telemetry/tracing';
import { Agent, request } from 'undici';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH' | 'HEAD';

export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Sends one request and reads its whole answer. @throws MeshError upstream_failed or upstream_timeout. */
export type Sender = (request: HttpRequest) => Promise<HttpAnswer>;

export interface HttpSender {
  readonly send: Sender;
  close(): Promise<void>;
}

export interface HttpSenderOptions {
  /** Names the service in errors. */
  readonly name: string;
  /** For one request in all, redirects included. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 307, 308]);

export function createHttpSender({ name, timeoutMs, maxResponseBytes }: HttpSenderOptions): HttpSender {
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    // One clock is enough, and it is ours.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: maxResponseBytes,
    connections: 64,
  });

  const exchange = async ({ method, url, headers, body, signal }: HttpRequest): Promise<HttpAnswer> => {
    const answer = await withCallSpan(method, url, (ids) =>
      request(url, { dispatcher: agent, method, headers: { ...ids, ...headers }, body: body ?? null, signal }),
    );
    const received = new Headers();
    for (const [key, value] of Object.entries(answer.headers)) received.set(key, String(value));
    return { status: answer.statusCode, headers: received, body: Buffer.from(await answer.body.arrayBuffer()) };
  };

  /** Follows redirects where that writes nothing a second time. */
  const exchangeAll = async (first: HttpRequest): Promise<HttpAnswer> => {
    let current = first;
    for (let hops = 0; ; hops += 1) {
      const answer = await exchange(current);
      const location = answer.headers.get('location');
      const isRead = current.method === 'GET' || current.method === 'HEAD';
      // 303 says that the writing is done and where to read of it.
      const isFollowed = answer.status === 303 || (isRead && REDIRECTS.has(answer.status));
      if (!isFollowed || location === null) return answer;
      if (hops >= MAX_REDIRECTS) throw new MeshError('upstream_failed', `${name} redirects again and again`);
      const url = URL.parse(location, current.url.href);
      if (url === null || !isSameHost(current.url, url)) {
        throw new MeshError('upstream_failed', `${name} redirects to another host, which is not followed`);
      }
      const { 'content-type': _type, ...headers } = current.headers;
      current = { ...current, url, ...(isRead ? {} : { method: 'GET', headers, body: undefined }) };
    }
  };

  return {
    async send(what) {
      const late = () => new MeshError('upstream_timeout', `${name} did not answer within ${timeoutMs} ms`);
      return withDeadline({ signal: what.signal, ms: timeoutMs, late }, async (signal) => {
        try {
          return await exchangeAll({ ...what, signal });
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof MeshError) throw error;
          throw isTooLarge(error)
            ? new MeshError('upstream_failed', `${name} answered with more than ${maxResponseBytes} bytes`)
            : networkError(name, error);
        }
      });
    },
    close: () => agent.destroy(),
  };
}

/** Keys are sent along: to the same host only, and never from https to http. */
const isSameHost = (from: URL, to: URL): boolean =>
  to.host === from.host && (to.protocol === from.protocol || (from.protocol === 'http:' && to.protocol === 'https:'));

const isTooLarge = (error: unknown): boolean =>
  Error.isError(error) && 'code' in error && error.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
