import {
  Client,
  type PriorDiscovery,
  ProtocolError as SdkProtocolError,
  type Transport,
} from '@modelcontextprotocol/client';
import { z } from 'zod';
import { isDeepValue } from '../kit/json/depth.ts';
import { VERSION } from '../kit/service/version.ts';
import type { ReadOffer } from './client/offer/defect.ts';
import { changeSubscription, type SubscribeToChanges } from './change-subscription.ts';
import { tooDeep } from './errors.ts';
import {
  type ClientCapabilities,
  INVALID_PARAMS,
  type McpNotification,
  type McpRequest,
  type McpResult,
  type McpTool,
  ProtocolError,
  type SendRequest,
} from './protocol.ts';
import { createRequestClocks, type RequestClocks } from './request-clocks.ts';
import { requestMeta } from './meta.ts';
import { listAll, type ListSource, listTools } from './server-lists.ts';

/** Handlers for server-initiated messages. */
export interface ConnectionHandlers {
  /** The requests that the server may make over this connection. */
  readonly capabilities?: ClientCapabilities;
  /** Receives notifications that belong to no request: list changes, log messages. */
  readonly onNotification?: (notification: McpNotification) => void;
  /** Answers requests of the server. Undefined: they are refused. */
  readonly onRequest?: (request: McpRequest, signal: AbortSignal) => Promise<McpResult>;
}

/** A connection to one MCP server, of any era of the protocol. */
export interface McpConnection {
  readonly era: 'modern' | 'legacy';
  /** The capabilities that the server declares. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** Spares another connection to the same server the round trips of a connect. */
  readonly prior: PriorDiscovery;
  listTools(signal?: AbortSignal): Promise<readonly McpTool[]>;
  listAll(signal?: AbortSignal): Promise<ReadOffer>;
  readonly request: SendRequest;
  /** Best effort: list changes that are missed are found by the next poll. */
  readonly subscribe: SubscribeToChanges;
  close(): Promise<void>;
}

export interface ConnectOptions extends ConnectionHandlers {
  readonly transport: Transport;
  /** Bounds each request of the handshake, and each for a list. */
  readonly handshakeTimeoutMs: number;
  /** From an earlier connection to the same server. */
  readonly prior?: PriorDiscovery;
}

const Anything = z.record(z.string(), z.unknown());

/** Connects; finds out which era the server speaks unless `prior` has it. @throws what the SDK throws. */
export async function connect(options: ConnectOptions): Promise<McpConnection> {
  const { transport, handshakeTimeoutMs, prior, ...handlers } = options;
  const clocks = createRequestClocks();
  const client = createConnectionClient(handlers, { mode: 'auto', handshakeTimeoutMs, clocks });
  const closed = Promise.withResolvers<void>();
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is no event target
  client.onclose = () => closed.resolve();
  await withOwnErrors(
    client.connect(transport, { timeout: handshakeTimeoutMs, ...(prior === undefined ? {} : { prior }) }),
  );
  return connectionOver(client, { closed: closed.promise, handshakeTimeoutMs, clocks });
}

export interface ConnectionClientOptions {
  readonly mode: 'auto' | 'legacy';
  readonly handshakeTimeoutMs: number;
  /** Those of the connection that will stand on this client. */
  readonly clocks: RequestClocks;
}

/** Makes the client of a connection, not connected yet. */
export function createConnectionClient(handlers: ConnectionHandlers, options: ConnectionClientOptions): Client {
  const { capabilities = {}, onNotification, onRequest } = handlers;
  const { mode, handshakeTimeoutMs, clocks } = options;
  const client = new Client(
    { name: 'toolmesh', version: VERSION },
    {
      capabilities: Object(capabilities),
      versionNegotiation: { mode, probe: { timeoutMs: handshakeTimeoutMs } },
      inputRequired: { autoFulfill: false },
    },
  );
  if (onNotification !== undefined) {
    client.fallbackNotificationHandler = async ({ method, params }) => {
      if (!isDeepValue(params)) onNotification({ method, params });
    };
  }
  if (onRequest !== undefined) {
    client.fallbackRequestHandler = async ({ method, params = {} }, { mcpReq }) => {
      if (isDeepValue(params)) throw new ProtocolError(INVALID_PARAMS, 'The request is nested too deep');
      return clocks.pauseDuring(onRequest({ method, params }, mcpReq.signal));
    };
  }
  return client;
}

export interface ConnectionOptions {
  /** Resolves when the connection is closed, by either side. */
  readonly closed: Promise<unknown>;
  readonly handshakeTimeoutMs: number;
  /** Those that the client was made with. */
  readonly clocks: RequestClocks;
}

/** Returns the connection of a client that is connected. */
export function connectionOver(client: Client, options: ConnectionOptions): McpConnection {
  const { closed, handshakeTimeoutMs, clocks } = options;
  const discover = client.getDiscoverResult();
  const isModern = client.getProtocolEra() === 'modern';
  return {
    era: isModern ? 'modern' : 'legacy',
    prior: isModern && discover !== undefined ? { kind: 'modern', discover } : { kind: 'legacy' },
    capabilities: { ...client.getServerCapabilities() },
    listTools: (signal) => listTools(listsOf(client, { signal, timeout: handshakeTimeoutMs })),
    listAll: (signal) => listAll(listsOf(client, { signal, timeout: handshakeTimeoutMs })),
    request: requestOver(client, clocks, isModern),
    subscribe: changeSubscription({ client, timeoutMs: handshakeTimeoutMs, closed }),
    close: () => client.close(),
  };
}

interface ListBounds {
  readonly signal?: AbortSignal | undefined;
  readonly timeout: number;
}

const listsOf = (client: Client, { signal, timeout }: ListBounds): ListSource => ({
  capabilities: { ...client.getServerCapabilities() },
  isLegacy: client.getProtocolEra() !== 'modern',
  request: (method, params) =>
    withOwnErrors(client.request({ method, params }, Anything, { timeout, ...(signal && { signal }) })),
});

function requestOver(client: Client, clocks: RequestClocks, isModern: boolean): SendRequest {
  return async ({ method, params }, { from, timeouts, headers }) => {
    const clock = clocks.start(from.signal, timeouts);
    const sent = { ...params, _meta: requestMeta(params['_meta'], from, isModern) };
    try {
      const sending = client.request({ method, params: sent }, Anything, {
        signal: clock.signal,
        timeout: timeouts.totalMs,
        maxTotalTimeout: timeouts.totalMs,
        allowInputRequired: true,
        // Requested in any case: progress restarts the idle limit.
        resetTimeoutOnProgress: true,
        onprogress: (update) => {
          clock.restart();
          if (!isDeepValue(update)) from.notify?.({ method: 'notifications/progress', params: { ...update } });
        },
        ...(headers === undefined ? {} : { headers }),
      });
      const result = await withOwnErrors(sending);
      if (isDeepValue(result)) throw tooDeep('The server');
      return result;
    } finally {
      clock.release();
    }
  };
}

/** Returns what `task` returns. @throws what it throws, refusals as errors of ours. */
async function withOwnErrors<T>(task: Promise<T>): Promise<T> {
  try {
    return await task;
  } catch (error) {
    throw error instanceof SdkProtocolError ? new ProtocolError(error.code, error.message, error.data) : error;
  }
}
