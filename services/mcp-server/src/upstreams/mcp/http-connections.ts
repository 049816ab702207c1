import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import { type ConnectionHolder, createConnectionHolder } from '@toolmesh/shared/mcp/client/connection-holder';
import { createHttpLink } from '@toolmesh/shared/mcp/client/http/http-link';
import { type ConnectLimits, connectOverHttp } from '@toolmesh/shared/mcp/client/http-connection';
import {
  INVALID_REQUEST,
  type McpNotification,
  type McpRequest,
  type McpResult,
  ProtocolError,
} from '@toolmesh/shared/mcp/protocol';
import type { Caller, ClientSession } from '../upstream.ts';
import { type ConnectionSource, declaresChanges } from './connections.ts';

export interface HttpConnectionsOptions {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport?: 'http' | 'sse' | undefined;
  /** Time limit of a connect on the network. */
  readonly connectTimeoutMs: number;
  readonly limits: ConnectLimits;
  /** The longest that a call waits for a connection that is being opened. */
  readonly waitMs: number;
  readonly onNotification: (notification: McpNotification) => void;
}

/** The connection of one client session, with the callers that use it now. */
interface SessionConnection {
  readonly holder: ConnectionHolder<McpConnection>;
  readonly callers: Set<Caller>;
}

/**
 * Connections to an MCP server over Streamable HTTP. The shared one is opened at the first use and again after it has
 * failed, so that a server that was away is used as soon as it is back.
 */
export function createHttpConnections(options: HttpConnectionsOptions): ConnectionSource {
  const { name, url, headers, connectTimeoutMs, waitMs, onNotification, transport, limits } = options;
  const link = createHttpLink({ headers, connectMs: connectTimeoutMs });
  const server = { name: `The upstream ${name}`, url: new URL(url), link };
  let subscribed: ReadonlySet<string> = new Set();
  const announcements = createAnnouncements(() => onNotification({ method: 'notifications/tools/list_changed' }));
  const shared = createConnectionHolder(async (signal) => {
    const { onStream } = announcements;
    const connection = await connectOverHttp(server, { onNotification, onStream, transport, limits, signal });
    announcements.connected(connection);
    connection.subscribe(subscribed).catch(() => {});
    return connection;
  }, waitMs);

  /** Connects for messages and questions that go to the latest of `callers`. */
  const connectFor = async (callers: ReadonlySet<Caller>, signal: AbortSignal): Promise<McpConnection> => {
    const [caller] = callers;
    const prior = await shared.withConnection(async (connection) => connection.prior, signal);
    const latest = () => [...callers].at(-1);
    return connectOverHttp(server, {
      ...(caller === undefined ? {} : { capabilities: caller.capabilities }),
      prior,
      limits,
      signal,
      onNotification: (notification) => latest()?.notify?.(notification),
      ...(caller?.ask && { onRequest: (request, asking) => askCaller(latest(), request, asking) }),
    });
  };
  const ofSessions = createSessionConnections(connectFor, waitMs);

  return {
    withConnection: (task, { signal }) => shared.withConnection(task, signal),
    look: lookOver(shared),
    lookAtChanged: async () => [],
    keepsStateFor: () => false,
    async withOwnConnection({ caller, send }) {
      const { signal } = caller;
      if (caller.session !== undefined && !caller.session.ended.aborted) {
        const { holder, callers } = ofSessions.get(caller.session);
        callers.add(caller);
        return holder.withConnection(send, signal).finally(() => callers.delete(caller));
      }
      const connection = await connectFor(new Set([caller]), signal);
      try {
        return await send(connection);
      } finally {
        // The caller need not wait for the end of the session.
        void connection.close();
      }
    },
    announces: announcements.arrive,
    subscribe(uris) {
      subscribed = new Set(uris);
      shared.current?.then((connection) => connection.subscribe(subscribed)).catch(() => {});
    },
    async close() {
      await Promise.all([shared.close(), ofSessions.close()]);
      await link.close();
    },
  };
}

/** A server that refuses all of its lists may be another one by now, which speaks another revision. */
function lookOver(shared: ConnectionHolder<McpConnection>): ConnectionSource['look'] {
  return async (task, signal) => {
    try {
      return await shared.withConnection(task, signal);
    } catch (error) {
      if (error instanceof ProtocolError) shared.renew();
      throw error;
    }
  };
}

/** Knows whether list changes arrive; `onGap` is called when some may have been missed. */
function createAnnouncements(onGap: () => void) {
  let isDeclared = false;
  let isOpen = false;
  let hasConnected = false;
  let hasOpened = false;
  return {
    arrive: () => isDeclared && isOpen,
    connected(connection: McpConnection): void {
      isDeclared = declaresChanges(connection);
      if (hasConnected) onGap();
      hasConnected = true;
    },
    onStream(opened: boolean): void {
      if (opened && hasOpened && !isOpen) onGap();
      isOpen = opened;
      hasOpened ||= opened;
    },
  };
}

/** Keeps a connection for each session of a client of 2025, so that what the client does over it adds up. */
function createSessionConnections(
  connectFor: (callers: ReadonlySet<Caller>, signal: AbortSignal) => Promise<McpConnection>,
  waitMs: number,
) {
  const connections = new Map<ClientSession, SessionConnection>();
  const open = (session: ClientSession): SessionConnection => {
    const callers = new Set<Caller>();
    const holder = createConnectionHolder((signal) => connectFor(callers, signal), waitMs);
    const opened = { holder, callers };
    connections.set(session, opened);
    const end = () => {
      connections.delete(session);
      void holder.close();
    };
    session.ended.addEventListener('abort', end, { once: true });
    return opened;
  };
  return {
    get: (session: ClientSession): SessionConnection => connections.get(session) ?? open(session),
    close: () => Promise.all([...connections.values()].map(({ holder }) => holder.close())),
  };
}

async function askCaller(caller: Caller | undefined, request: McpRequest, signal: AbortSignal): Promise<McpResult> {
  if (caller?.ask === undefined) throw new ProtocolError(INVALID_REQUEST, 'No caller can be asked any more');
  return caller.ask(request, signal);
}
