import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { type IdleClock, startIdleClock } from '@toolmesh/shared/kit/faults/idle-clock';
import { createConnections, type HttpRequest } from '@toolmesh/shared/kit/http/connections';
import { headersOf } from '@toolmesh/shared/kit/http/fetch-adapter';
import { followRedirects, type RedirectRules } from '@toolmesh/shared/kit/http/follow-redirects';
import { networkError } from '@toolmesh/shared/kit/http/network-error';
import type { RequestTimeouts } from '@toolmesh/shared/mcp/protocol';
import { isSameHost } from '../same-host.ts';
import { withQuery } from './credentials.ts';
import { decodeAnswer } from './decode-answer.ts';

/** A request that ends with its caller. */
export interface ApiRequest extends HttpRequest {
  /** Parameters of the query that are secret: they are on the wire only. */
  readonly keys?: readonly (readonly [string, string])[];
  readonly timeouts?: RequestTimeouts | undefined;
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
  /** Default: 5 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** For one request, redirects included, if it does not say otherwise. */
  readonly timeouts: RequestTimeouts;
  readonly maxResponseBytes: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_REDIRECTS = 3;

/** Creates what sends the requests of one API. Redirects are followed where that writes nothing a second time. */
export function createHttpSender(options: HttpSenderOptions): HttpSender {
  const { name, connectTimeoutMs: connectMs = CONNECT_TIMEOUT_MS, timeouts, maxResponseBytes } = options;
  const connections = createConnections({ name, connectMs, perServer: 64, maxResponseBytes });
  const failed = (what: string) => new MeshError('upstream_failed', `${name} ${what}`);
  const redirects: RedirectRules = {
    max: MAX_REDIRECTS,
    tooMany: () => failed('redirects again and again'),
    check(from, to) {
      if (isSameHost(from, to)) return;
      throw failed(`redirects to another host, ${to.host}, which is not followed; if it is meant, set "base_url"`);
    },
  };

  const exchange = (request: HttpRequest, clock: IdleClock) =>
    connections.exchange(request, async ({ statusCode, headers, body }) => {
      const pieces: Uint8Array[] = [];
      clock.restart();
      for await (const piece of body) {
        pieces.push(piece);
        clock.restart();
      }
      return { statusCode, headers, body: Buffer.concat(pieces) };
    });

  const send = async (request: ApiRequest, clock: IdleClock): Promise<ApiAnswer> => {
    const { keys = [] } = request;
    const follow = (sent: HttpRequest) => exchange({ ...sent, url: withQuery(sent.url, keys) }, clock);
    const { answer, url } = await followRedirects({ ...request, signal: clock.signal }, follow, redirects);
    const headers = headersOf(answer);
    const encodings = headers.get('content-encoding') ?? '';
    const body = await decodeAnswer(answer.body, encodings, maxResponseBytes).catch((error: unknown) => {
      throw networkError(name, error, maxResponseBytes);
    });
    return { status: answer.statusCode, headers, body, url };
  };

  return {
    async send(request) {
      const { idleMs, totalMs } = request.timeouts ?? timeouts;
      const late = (limit: 'idle' | 'total') =>
        new MeshError('upstream_timeout', `${name} did not answer within ${limit === 'idle' ? idleMs : totalMs} ms`);
      const clock = startIdleClock({ signal: request.signal, idleMs, totalMs, late });
      try {
        return await untilAborted(clock.signal, () => send(request, clock));
      } finally {
        clock.release();
      }
    },
    close: connections.close,
  };
}
