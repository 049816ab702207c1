import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createLeanFetch } from '@toolmesh/shared/lean-fetch';
import { isConnectionFailure } from '@toolmesh/shared/mcp-errors';
import type { LinkSource } from './links.ts';
import { type McpLink, openLink } from './mcp-link.ts';
import { createModernExchange } from './modern-exchange.ts';
import type { Caller, McpNotification } from './upstream.ts';

export interface HttpLinksOptions {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connectTimeoutMs: number;
  readonly onNotification: (notification: McpNotification) => void;
}

interface Connection {
  readonly link: Promise<McpLink>;
  /** Tasks under way on it. */
  active: number;
  closed: boolean;
}

/** To find out which protocol a server speaks. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/**
 * Links to an MCP server over Streamable HTTP. The shared one is opened at the first use and again after any failure
 * of the connection itself, so that a server that was away is used as soon as it is back.
 */
export function createHttpLinks({
  name,
  url,
  headers,
  connectTimeoutMs,
  onNotification,
}: HttpLinksOptions): LinkSource {
  const http = createLeanFetch(headers, connectTimeoutMs);
  const transport = () => new StreamableHTTPClientTransport(new URL(url), { fetch: http.fetch });
  const exchange = createModernExchange(`The upstream ${name}`, http, new URL(url));
  let current: Connection | undefined;
  let watched: ReadonlySet<string> = new Set();

  const open = async (): Promise<McpLink> => {
    const link = await openLink({ transport, connectTimeoutMs: HANDSHAKE_TIMEOUT_MS, onNotification });
    // Best effort: what is not told is found by the next look at the lists.
    link.watch(watched).catch(() => {});
    return link.era === 'modern' ? { ...link, request: exchange } : link;
  };
  /** Leaves a connection that failed; tasks that are still under way on it may end. */
  const retire = (connection: Connection): void => {
    if (current === connection) current = undefined;
    if (connection.active > 0 || connection.closed) return;
    connection.closed = true;
    connection.link.then((link) => link.close()).catch(() => {});
  };

  const withLink = async <T>(task: (link: McpLink) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const connection = (current ??= { link: open(), active: 0, closed: false });
    connection.active += 1;
    let failed = false;
    try {
      return await task(await connection.link);
    } catch (error) {
      failed = !signal.aborted && isConnectionFailure(error);
      throw error;
    } finally {
      connection.active -= 1;
      if (failed || connection !== current) retire(connection);
    }
  };

  return {
    withLink,
    async withOwnLink(caller: Caller, task, signal) {
      const prior = await withLink(async (shared) => shared.prior, signal);
      const link = await openLink({
        transport,
        connectTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        capabilities: caller.capabilities,
        prior,
        onNotification: (notification) => caller.notify?.(notification),
        ...(caller.ask === undefined ? {} : { onRequest: caller.ask }),
      });
      try {
        return await task(link);
      } finally {
        await link.close();
      }
    },
    watch: (uris) => {
      watched = new Set(uris);
      current?.link.then((link) => link.watch(watched)).catch(() => {});
    },
    async close() {
      if (current !== undefined) retire(current);
      await http.close();
    },
  };
}
