import { SdkHttpError } from '@modelcontextprotocol/client';
import { createLeanFetch } from '@toolmesh/shared/lean-fetch';
import { isConnectionFailure } from '@toolmesh/shared/mcp-errors';
import { HttpTransport } from '@toolmesh/shared/mcp-transport';
import type { LinkSource } from './links.ts';
import { type LinkOptions, type McpLink, openLink } from './mcp-link.ts';
import type { Caller, McpNotification } from './upstream.ts';

export interface HttpLinksOptions {
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
export function createHttpLinks({ url, headers, connectTimeoutMs, onNotification }: HttpLinksOptions): LinkSource {
  const http = createLeanFetch(headers, connectTimeoutMs);
  const openOver = async (options: Omit<LinkOptions, 'transport' | 'connectTimeoutMs'>): Promise<McpLink> => {
    const transport = new HttpTransport(new URL(url), { fetch: http.fetch });
    const link = await openLink({ transport: () => transport, connectTimeoutMs: HANDSHAKE_TIMEOUT_MS, ...options });
    return { ...link, close: () => transport.leave() };
  };
  let current: Connection | undefined;
  let watched: ReadonlySet<string> = new Set();

  const open = async (): Promise<McpLink> => {
    const link = await openOver({ onNotification });
    // Best effort: what is not told is found by the next look at the lists.
    link.watch(watched).catch(() => {});
    return link;
  };
  /** Leaves a connection that failed; tasks that are still under way on it may end. */
  const retire = async (connection: Connection): Promise<void> => {
    if (current === connection) current = undefined;
    if (connection.active > 0 || connection.closed) return;
    connection.closed = true;
    await connection.link.then((link) => link.close()).catch(() => {});
  };

  const over = async <T>(connection: Connection, task: (link: McpLink) => Promise<T>, signal: AbortSignal) => {
    connection.active += 1;
    let failed = false;
    try {
      return await task(await connection.link);
    } catch (error) {
      failed = !signal.aborted && isConnectionFailure(error);
      throw error;
    } finally {
      connection.active -= 1;
      if (failed || connection !== current) void retire(connection);
    }
  };

  const withLink = async <T>(task: (link: McpLink) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const known = current;
    if (known === undefined) return over((current = { link: open(), active: 0, closed: false }), task, signal);
    try {
      return await over(known, task, signal);
    } catch (error) {
      if (signal.aborted || !isSessionUnknown(error)) throw error;
      // Nothing of the task has run, so that even what changes something is safe to send again.
      return over((current ??= { link: open(), active: 0, closed: false }), task, signal);
    }
  };

  return {
    withLink,
    async withOwnLink(caller: Caller, task, signal) {
      const prior = await withLink(async (shared) => shared.prior, signal);
      const link = await openOver({
        capabilities: caller.capabilities,
        prior,
        onNotification: (notification) => caller.notify?.(notification),
        ...(caller.ask === undefined ? {} : { onRequest: caller.ask }),
      });
      try {
        return await task(link);
      } finally {
        // The caller need not wait for the farewell.
        void link.close();
      }
    },
    watch: (uris) => {
      watched = new Set(uris);
      current?.link.then((link) => link.watch(watched)).catch(() => {});
    },
    async close() {
      if (current !== undefined) await retire(current);
      await http.close();
    },
  };
}

/** How a server of 2025 that has been restarted answers to a session of before (404; 400 by servers of the SDK's v1). */
const isSessionUnknown = (error: unknown): boolean =>
  error instanceof SdkHttpError && (error.status === 404 || error.status === 400);
