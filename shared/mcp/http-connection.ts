import type { PriorDiscovery } from '@modelcontextprotocol/client';
import type { LeanFetch } from '../kit/http/lean-fetch.ts';
import { connect, type ConnectionHandlers, type McpConnection } from './connection.ts';
import { HttpTransport } from './http-transport.ts';
import { createModernExchange } from './modern-exchange.ts';

export interface HttpServer {
  /** Names the server in errors. */
  readonly name: string;
  readonly url: URL;
  readonly http: LeanFetch;
}

/** To find out which era a server speaks, and to list what it has. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

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
  const request = connection.era === 'modern' ? createModernExchange(server) : connection.request;
  return { ...connection, request, close: () => transport.leave() };
}
