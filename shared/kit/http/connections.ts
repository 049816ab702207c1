// oxlint-disable no-restricted-imports -- the one wrapper of undici
import type { Dispatcher } from 'undici';
// Its index would load caches, mocks, WebSockets and fetch with it: 3 MiB and 30 ms for each service.
import openTunnel from 'undici/lib/api/api-connect.js';
import sendRequest from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { MeshError } from '../faults/errors.ts';
import { networkError } from './network-error.ts';
import type { Span } from '../telemetry/span.ts';
import { NO_SPAN, withCallSpan } from '../telemetry/tracing.ts';

/** The proxies to go through, as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export interface ProxySettings {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly no?: string | undefined;
}

export interface ConnectionsOptions {
  /** Names the server in errors, which are MeshErrors then. Default: what the socket says is thrown as it is. */
  readonly name?: string;
  readonly connectMs: number;
  /** The longest silence before an answer and between two pieces of it. Default: the request's signal decides. */
  readonly idleMs?: number;
  /** The longest body, as it comes over the wire. Default: 64 MiB. */
  readonly maxResponseBytes?: number;
  /** Connections to one server at the same time. Default: no limit. */
  readonly perServer?: number;
  readonly proxy?: ProxySettings;
  /** Records spans and sends the ids of the current request along; not for third parties. Default: true. */
  readonly isTraced?: boolean;
}

export type HttpMethod = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH' | 'HEAD';

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** An answer as it arrives: its body has to be read to the end, dumped or destroyed. */
export type HttpAnswer = Dispatcher.ResponseData;

/** Connections to HTTP servers, kept open between requests. All that a service asks of another goes over them. */
export interface Connections {
  /**
   * Sends a request and reads its answer with `read`. Follows no redirects and never sends a request again.
   * @throws what the request's signal was aborted with, what the socket says, and what `read` throws
   */
  exchange<T>(request: HttpRequest, read: (answer: HttpAnswer, span: Span) => Promise<T>): Promise<T>;
  /** Closes all connections; requests that are under way fail. */
  close(): Promise<void>;
}

const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1_024 ** 2;

export function createConnections(options: ConnectionsOptions): Connections {
  const { name, maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES, isTraced = true } = options;
  const dispatcher = createDispatcher({ ...options, maxResponseBytes });

  const send = ({ method, url, headers, body, signal }: HttpRequest, ids: Readonly<Record<string, string>>) =>
    sendRequest.call(dispatcher, {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...ids, ...headers },
      body: body ?? null,
      signal: signal ?? null,
    });

  const failure = (error: unknown): unknown =>
    name === undefined || error instanceof MeshError ? error : networkError(name, error, maxResponseBytes);

  return {
    async exchange(request, read) {
      const run = async (ids: Readonly<Record<string, string>>, span: Span) => {
        try {
          return await read(await send(request, ids), span);
        } catch (error) {
          request.signal?.throwIfAborted();
          throw failure(error);
        }
      };
      return isTraced ? withCallSpan(request.method, request.url, run) : run({}, NO_SPAN);
    },
    close: () => dispatcher.destroy(),
  };
}

function createDispatcher(options: ConnectionsOptions & { readonly maxResponseBytes: number }): Dispatcher {
  const { connectMs, idleMs = 0, maxResponseBytes, perServer, proxy = {} } = options;
  const { http, https, no } = proxy;
  const limits = {
    connect: { timeout: connectMs },
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    maxResponseSize: Number.isFinite(maxResponseBytes) ? maxResponseBytes : -1,
    ...(perServer === undefined ? {} : { connections: perServer }),
  };
  if (http === undefined && https === undefined) return new Agent(limits);
  return new EnvHttpProxyAgent({
    ...limits,
    // What is not set is empty, rather than what the environment says: settings are read in one place.
    httpProxy: http ?? '',
    httpsProxy: https ?? '',
    noProxy: no ?? '',
    connectTimeout: connectMs,
    // undici's index, which is not loaded, would give a pool the method that asks a proxy for a tunnel.
    clientFactory: (origin, own) =>
      Object.assign(new Pool(origin, { ...own, headersTimeout: connectMs }), { connect: openTunnel }),
  });
}
