import type { PriorDiscovery } from '@modelcontextprotocol/client';
import type { LeanFetch } from '../kit/http/lean-fetch.ts';
import { connect, type ConnectionHandlers, type McpConnection } from './connection.ts';
import { HttpTransport } from './http-transport.ts';
import { createModernExchange } from './modern-exchange.ts';
import { listAll, type ListSource, listTools } from './server-lists.ts';

export interface HttpServer {
  /** Names the server in errors. */
  readonly name: string;
  readonly url: URL;
  readonly http: LeanFetch;
}

/** To find out which era a server speaks, and to list what it has. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const LIST_TIMEOUTS = { idleMs: HANDSHAKE_TIMEOUT_MS, totalMs: HANDSHAKE_TIMEOUT_MS };

/**
 * Connects to an MCP server over Streamable HTTP. Requests to one of 2026-07-28 need no connection: each is an exchange
 * of its own. @throws what the SDK throws.
 */
export async function connectOverHttp(
  server: HttpServer,
  options: ConnectionHandlers & { readonly prior?: PriorDiscovery } = {},
): Promise<McpConnection> {
  const transport = new HttpTransport(server.url, { fetch: server.http.fetch });
  const connection = await connect({ transport, handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS, ...options });
  if (connection.era === 'legacy') return { ...connection, close: () => transport.leave() };
  const request = createModernExchange(server);
  const source = (signal = new AbortController().signal): ListSource => ({
    capabilities: connection.capabilities,
    isLegacy: false,
    request: (method, params) =>
      request({ method, params }, { from: { signal, capabilities: {} }, timeouts: LIST_TIMEOUTS }),
  });
  return {
    ...connection,
    request,
    listTools: (signal) => listTools(source(signal)),
    listAll: (signal) => listAll(source(signal)),
    close: () => transport.leave(),
  };
}
