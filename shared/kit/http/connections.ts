// oxlint-disable no-restricted-imports -- the one wrapper of undici
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
// Its index would load caches, mocks, WebSockets and fetch with it: 3 MiB and 30 ms for each service.
import openTunnel from 'undici/lib/api/api-connect.js';
import sendRequest from 'undici/lib/api/api-request.js';
import buildConnector from 'undici/lib/core/connect.js';
import Client from 'undici/lib/dispatcher/client.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { MeshError } from '../faults/errors.ts';
import { type ConnectionPool, createConnectionPool } from './pool/connection-pool.ts';
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
  /** A stream is read once: what it goes into is never sent again. */
  readonly body?: string | Uint8Array | Readable | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** An answer as it arrives: its body has to be read to the end, dumped or destroyed. */
export type HttpAnswer = Dispatcher.ResponseData;

/** Connections to HTTP servers, kept open between requests. All that a service asks of another goes over them. */
export interface Connections {
  /**
   * Sends a request and reads its answer with `read`. Follows no redirects. Sends a request again only if it reads
   * (GET, HEAD) and the server closed the connection, which was used before, without a word.
   * @throws what the request's signal was aborted with, what the socket says, and what `read` throws
   */
  exchange<T>(request: HttpRequest, read: (answer: HttpAnswer, span: Span) => Promise<T>): Promise<T>;
  /** Closes all connections; requests that are under way fail. */
  close(): Promise<void>;
}

const DEFAULT_MAX_RESPONSE_BYTES = 64 * 1_024 ** 2;

export function createConnections(options: ConnectionsOptions): Connections {
  const { name, maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES, isTraced = true } = options;
  const sender = createSender({ ...options, maxResponseBytes });

  const failure = (error: unknown): unknown =>
    name === undefined || error instanceof MeshError ? error : networkError(name, error, maxResponseBytes);

  return {
    async exchange(request, read) {
      const run = async (ids: Readonly<Record<string, string>>, span: Span) => {
        try {
          const { method, url, headers, body, signal } = request;
          const path = url.pathname + url.search;
          const sent = { path, method, headers: { ...ids, ...headers }, body: body ?? null, signal: signal ?? null };
          return await read(await sender.send(url.origin, sent), span);
        } catch (error) {
          request.signal?.throwIfAborted();
          throw failure(error);
        }
      };
      return isTraced ? withCallSpan(request.method, request.url, run) : run({}, NO_SPAN);
    },
    close: () => sender.close(),
  };
}

interface Sender {
  send(
    origin: string,
    request: Dispatcher.RequestOptions & { readonly signal: AbortSignal | null },
  ): Promise<HttpAnswer>;
  close(): Promise<void>;
}

type Limits = ConnectionsOptions & { readonly maxResponseBytes: number };

function createSender(options: Limits): Sender {
  const { proxy: { http, https } = {} } = options;
  if (http === undefined && https === undefined) return createPooledSender(options);
  const dispatcher = createProxyAgent(options);
  return {
    send: (origin, request) => sendRequest.call(dispatcher, { origin, ...request }),
    close: () => dispatcher.destroy(),
  };
}

/** Servers whose pools are kept; those of further ones are dropped when they are empty. */
const MAX_POOLS = 256;
const NEVER_ABORTED = new AbortController().signal;

function createPooledSender(options: Limits): Sender {
  const { connectMs, perServer = Infinity } = options;
  const limits = { ...limitsOf(options), connect: buildConnector({ timeout: connectMs }) };
  const pools = new Map<string, ConnectionPool<Client>>();
  const poolOf = (origin: string): ConnectionPool<Client> => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    if (pools.size >= MAX_POOLS) for (const [other, { size }] of pools) if (size === 0) pools.delete(other);
    const pool = createConnectionPool({ createClient: () => new Client(origin, limits), limit: perServer });
    pools.set(origin, pool);
    return pool;
  };
  return {
    async send(origin, request) {
      const pool = poolOf(origin);
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      for (let isWrite = !isRead; ; isWrite = true) {
        const { client, isReused, retire, discard } = await pool.take(isWrite, request.signal ?? NEVER_ABORTED);
        try {
          const answer = await sendRequest.call(client, request);
          if (mayClose(answer.statusCode)) retire();
          return answer;
        } catch (error) {
          discard();
          if (isWrite || !isReused || !wasClosed(error)) throw error;
        }
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** Answers after which servers close connections without saying so, as uvicorn does after a 500. */
const mayClose = (status: number): boolean => status >= 500 || status === 400 || status === 408 || status === 413;

/** Tells whether a connection ended before a byte of an answer. */
const wasClosed = (error: unknown): boolean =>
  Error.isError(error) && 'code' in error && ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(String(error.code));

function limitsOf({ idleMs = 0, maxResponseBytes }: Limits) {
  return {
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    maxResponseSize: Number.isFinite(maxResponseBytes) ? maxResponseBytes : -1,
  };
}

function createProxyAgent(options: Limits): Dispatcher {
  const { connectMs, perServer, proxy: { http, https, no } = {} } = options;
  return new EnvHttpProxyAgent({
    ...limitsOf(options),
    connect: { timeout: connectMs },
    ...(perServer === undefined ? {} : { connections: perServer }),
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
