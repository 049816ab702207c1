import { randomUUID } from 'node:crypto';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { isInitializeRequest, type Server } from '@modelcontextprotocol/server';
import { leaveOpen } from '@toolmesh/shared/kit/http/app';
import type { Request, Response } from 'express';
import type { ClientSession } from '../upstreams/upstream.ts';
import type { Watchers } from '../resource-subscriptions.ts';

/** What a client of 2025 has said that outlives its request. */
export interface SessionState extends ClientSession {
  /** The least of log messages that it wants; undefined while it has not said. */
  logLevel: string | undefined;
  subscribe(uri: string, watchers: Watchers): void;
  unsubscribe(uri: string): void;
}

export interface McpSessions {
  /** Answers a request that opens a session or is of one; false for any other, which is then served without. */
  serve(req: Request, res: Response): boolean;
  /** Tells every client that the lists may have changed. */
  tellLists(): void;
  readonly size: number;
  close(): Promise<void>;
}

interface Session {
  readonly transport: NodeStreamableHTTPServerTransport;
  readonly server: Server;
  readonly subscriptions: Map<string, () => void>;
  readonly ended: AbortController;
  usedAt: number;
  /** Requests and streams that are open. */
  open: number;
}

export interface SessionLimits {
  readonly maxSessions: number;
  /** How long a session may be idle, with no stream open. */
  readonly idleMs: number;
}

const LIMITS: SessionLimits = { maxSessions: 1_000, idleMs: 30 * 60_000 };
const MAX_SWEEP_MS = 30_000;
const MAX_SUBSCRIPTIONS = 1_000;
const MAX_ENDED = 10_000;

/**
 * Sessions of clients before 2026-07-28. They hold nothing that a call needs. Most clients never give theirs back: one
 * too many takes the place of the one that is idle for longest, whose client is then served without, and so is one that
 * comes with a session of a hub that has since been restarted.
 */
export function createMcpSessions(
  serverFor: (session: SessionState) => Server,
  { maxSessions, idleMs }: SessionLimits = LIMITS,
): McpSessions {
  const sessions = new Map<string, Session>();
  /** Ids that a client has given back, or that have expired; it is told so, as the protocol wants it. */
  const endedIds = new Set<string>();

  const drop = (id: string): void => {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    for (const stop of session.subscriptions.values()) stop();
    session.ended.abort();
    session.server.close().catch(() => {});
  };
  const end = (id: string): void => {
    if (!sessions.has(id)) return;
    drop(id);
    endedIds.add(id);
    const [oldest] = endedIds;
    if (endedIds.size > MAX_ENDED && oldest !== undefined) endedIds.delete(oldest);
  };
  const idle = () => [...sessions].filter(([, { open }]) => open === 0);
  const sweep = setInterval(
    () => {
      const limit = performance.now() - idleMs;
      for (const [id, { usedAt }] of idle()) if (usedAt < limit) end(id);
    },
    Math.min(idleMs, MAX_SWEEP_MS),
  ).unref();
  /** Whether there is room for one more session. */
  const makeRoom = (): boolean => {
    if (sessions.size < maxSessions) return true;
    const [longest] = idle().sort(([, one], [, other]) => one.usedAt - other.usedAt);
    if (longest !== undefined) drop(longest[0]);
    return longest !== undefined;
  };

  const open = (): Session => {
    const subscriptions = new Map<string, () => void>();
    const ended = new AbortController();
    const server = serverFor({
      ended: ended.signal,
      logLevel: undefined,
      subscribe(uri, watchers) {
        if (subscriptions.has(uri) || subscriptions.size >= MAX_SUBSCRIPTIONS) return;
        const stopWatching = watchers.watch(new Set([uri]));
        const stopTelling = watchers.onUpdated((updated) => {
          if (updated === uri) void server.sendResourceUpdated({ uri }).catch(() => {});
        });
        subscriptions.set(uri, () => {
          stopWatching();
          stopTelling();
        });
      },
      unsubscribe(uri) {
        subscriptions.get(uri)?.();
        subscriptions.delete(uri);
      },
    });
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, session),
      onsessionclosed: end,
    });
    const session: Session = { transport, server, subscriptions, ended, usedAt: performance.now(), open: 0 };
    return session;
  };

  const pass = (session: Session, req: Request, res: Response): void => {
    session.open += 1;
    res.once('close', () => {
      session.open -= 1;
      session.usedAt = performance.now();
    });
    // A stream of notifications lasts as long as its reader wants.
    if (req.method === 'GET') leaveOpen(res);
    session.transport.handleRequest(req, res, req.body).catch(() => res.destroy());
  };

  return {
    serve(req, res) {
      const id = req.get('mcp-session-id');
      const session = id === undefined ? undefined : sessions.get(id);
      if (session !== undefined) {
        pass(session, req, res);
        return true;
      }
      if (id !== undefined && endedIds.has(id)) {
        res.status(404).json({ jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null });
        return true;
      }
      if (req.method !== 'POST' || !isInitializeRequest(req.body) || !makeRoom()) return false;
      const opened = open();
      opened.server.connect(opened.transport).then(
        () => pass(opened, req, res),
        () => res.destroy(),
      );
      return true;
    },
    tellLists() {
      for (const { server } of sessions.values()) {
        for (const tell of [server.sendToolListChanged, server.sendPromptListChanged, server.sendResourceListChanged]) {
          tell.call(server).catch(() => {});
        }
      }
    },
    get size() {
      return sessions.size;
    },
    async close() {
      clearInterval(sweep);
      for (const id of sessions.keys()) drop(id);
    },
  };
}
