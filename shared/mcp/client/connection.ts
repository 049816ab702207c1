import { withDeadline } from '../../kit/faults/deadline.ts';
import { type McpResult, type McpTool, ProtocolError, type SendRequest } from '../protocol.ts';
import { decodeResult, encodeOwnParams, encodeParams, type Era } from './era.ts';
import { NotMcp, RequestTimedOut } from './failures.ts';
import type { ConnectionHandlers } from './handlers.ts';
import type { Ask } from './outgoing.ts';
import type { RequestClocks } from './request-clocks.ts';
import type { RpcPeer } from './rpc-peer.ts';
import type { ReadOffer } from './offer/defect.ts';
import { listAll, type ListSource, listTools } from './server-lists.ts';
import { requestSubscription, streamSubscription, type SubscribeToChanges } from './subscription.ts';

/** The outcome of a handshake, which spares another connection to the same server its round trips. */
export type Prior =
  | { readonly era: 'modern'; readonly discover: McpResult }
  | { readonly era: 'legacy'; readonly transport: 'http' | 'duplex' };

/** A connection to one MCP server, of any era of the protocol. */
export interface McpConnection {
  readonly era: Era;
  readonly prior: Prior;
  /** The capabilities that the server declares, unchecked. */
  readonly capabilities: McpResult;
  listTools(signal?: AbortSignal): Promise<readonly McpTool[]>;
  listAll(signal?: AbortSignal): Promise<ReadOffer>;
  readonly request: SendRequest;
  /** Best effort: list changes that are missed are found by the next poll. */
  readonly subscribe: SubscribeToChanges;
  /** Asks for a sign of life. */
  ping(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The server as a handshake has found it. */
export interface Greeted {
  readonly peer: RpcPeer;
  readonly prior: Prior;
  /** The server's, unchecked. */
  readonly capabilities: McpResult;
}

export interface ConnectionParts extends Greeted {
  readonly handlers: ConnectionHandlers;
  readonly clocks: RequestClocks;
  /** Bounds a request for one page of a list. */
  readonly listTimeoutMs: number;
  /** Aborts when the connection is closed, by either side. */
  readonly closed: AbortSignal;
  readonly close: () => Promise<void>;
}

/** Returns the connection to a server that has been greeted. */
export function connectionOver(parts: ConnectionParts): McpConnection {
  const { peer, prior, capabilities, handlers, listTimeoutMs, closed, close } = parts;
  const { era } = prior;
  const ask: Ask = (method, params, signal) => {
    const late = () => new RequestTimedOut(`did not answer ${method} within ${listTimeoutMs} ms`);
    return withDeadline({ ...(signal && { signal }), ms: listTimeoutMs, late }, (bounded) =>
      peer.request({
        method,
        params: () => encodeOwnParams(era, params, handlers.capabilities),
        signal: bounded,
        mayBeDeep: true,
      }),
    );
  };
  const lists = (signal: AbortSignal | undefined): ListSource => ({
    capabilities,
    isLegacy: era === 'legacy',
    request: (method, params) => ask(method, params, signal),
  });
  const subscription = { peer, ask, capabilities, handlers, timeoutMs: listTimeoutMs, closed };
  return {
    era,
    prior,
    capabilities,
    listTools: (signal) => listTools(lists(signal)),
    listAll: (signal) => listAll(lists(signal)),
    request: requestOver(parts),
    subscribe: era === 'modern' ? streamSubscription(subscription) : requestSubscription(subscription),
    async ping(signal) {
      // 2026-07-28 has no ping; what it has instead every server must answer.
      await ask(era === 'modern' ? 'server/discover' : 'ping', {}, signal).catch(ignoreContent);
    },
    close,
  };
}

/** Any answer is a sign of life. */
function ignoreContent(error: unknown): void {
  if (!(error instanceof ProtocolError || error instanceof NotMcp)) throw error;
}

function requestOver({ peer, prior: { era }, clocks }: ConnectionParts): SendRequest {
  return async (request, { from, timeouts, headers }) => {
    const clock = clocks.start(from.signal, timeouts);
    try {
      const result = await peer.request({
        method: request.method,
        params: (id) => encodeParams(era, request, { from, id }),
        signal: clock.signal,
        headers,
        onNotification({ method, params = {} }) {
          clock.restart();
          const { progressToken: _ours, ...rest } = params;
          from.notify?.({ method, params: rest });
        },
      });
      return decodeResult(era, result);
    } finally {
      clock.release();
    }
  };
}
