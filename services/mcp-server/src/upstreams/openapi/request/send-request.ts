import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createConnections, type HttpRequest } from '@toolmesh/shared/kit/http/connections';
import { headersOf } from '@toolmesh/shared/kit/http/fetch-adapter';
import { followRedirects, type RedirectRules } from '@toolmesh/shared/kit/http/follow-redirects';
import { networkError } from '@toolmesh/shared/kit/http/network-error';
import { isSameHost } from '../same-host.ts';
import { withQuery } from './credentials.ts';
import { decodeAnswer } from './decode-answer.ts';

/** A request that ends with its caller. */
export interface ApiRequest extends HttpRequest {
  /** Parameters of the query that are secret: they are on the wire only. */
  readonly keys?: readonly (readonly [string, string])[];
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Without the encoding that it was sent in. */
  readonly body: Buffer;
  /** The address that answered, after redirects. */
  readonly url: URL;
}

/** Sends one request and reads its whole answer. @throws MeshError upstream_failed or upstream_timeout. */
export type Sender = (request: ApiRequest) => Promise<ApiAnswer>;

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

/** Creates what sends the requests of one API. Redirects are followed where that writes nothing a second time. */
export function createHttpSender({ name, timeoutMs, maxResponseBytes }: HttpSenderOptions): HttpSender {
  const connections = createConnections({ name, connectMs: CONNECT_TIMEOUT_MS, perServer: 64, maxResponseBytes });
  const exchange = (request: HttpRequest, keys: ApiRequest['keys'] = []) =>
    connections.exchange({ ...request, url: withQuery(request.url, keys) }, async ({ statusCode, headers, body }) => ({
      statusCode,
      headers,
      body: Buffer.from(await body.arrayBuffer()),
    }));
  const failed = (what: string) => new MeshError('upstream_failed', `${name} ${what}`);
  const redirects: RedirectRules = {
    max: MAX_REDIRECTS,
    tooMany: () => failed('redirects again and again'),
    check(from, to) {
      if (isSameHost(from, to)) return;
      throw failed(`redirects to another host, ${to.host}, which is not followed; if it is meant, set "base_url"`);
    },
  };
  const decoded = (body: Buffer, headers: Headers) =>
    decodeAnswer(body, headers.get('content-encoding') ?? '', maxResponseBytes).catch((error: unknown) => {
      throw networkError(name, error, maxResponseBytes);
    });
  const late = () => new MeshError('upstream_timeout', `${name} did not answer within ${timeoutMs} ms`);

  return {
    send: (request) =>
      withDeadline({ signal: request.signal, ms: timeoutMs, late }, async (signal) => {
        const { answer, url } = await followRedirects(
          { ...request, signal },
          (sent) => exchange(sent, request.keys),
          redirects,
        );
        const headers = headersOf(answer);
        const body = await decoded(answer.body, headers);
        return { status: answer.statusCode, headers, body, url };
      }),
    close: connections.close,
  };
}
