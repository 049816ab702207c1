import { randomUUID } from 'node:crypto';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import type { Server } from '@modelcontextprotocol/server';
import { leaveOpen } from '@toolmesh/shared/kit/http/app';
import type { Request, Response } from 'express';
import type { ResourceSubscriptions } from '../../resource-subscriptions.ts';
import type { ClientSession } from '../../upstreams/upstream.ts';

/** The state of a client of 2025 that outlives its requests. */
export interface SessionState extends ClientSession {
  /** The lowest level of log messages to send. Undefined until the client sets one. */
  logLevel: string | undefined;
  subscribe(uri: string, subscriptions: ResourceSubscriptions): void;
  unsubscribe(uri: string): void;
}

/** A session of a client of 2025. */
export interface Session {
  /** The end of its last request, in milliseconds on the process's clock. */
  usedAt: number;
  /** Requests and streams that are open. */
  open: number;
  /** Answers a request of the session. */
  serve(req: Request, res: Response): void;
  notifyListsChanged(): void;
  close(): void;
}

export interface SessionEvents {
  readonly onOpened: (id: string, session: Session) => void;
  /** The client has ended it. */
  readonly onEnded: (id: string) => void;
}

const MAX_SUBSCRIPTIONS = 1_000;

/** Makes a session, ready for the request that initializes it. */
export async function openSession(
  serverFor: (state: SessionState) => Server,
  { onOpened, onEnded }: SessionEvents,
): Promise<Session> {
  const ended = new AbortController();
  const { state, unsubscribeAll, attach } = createSessionState(ended.signal);
  const server = serverFor(state);
  attach(server);
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => onOpened(id, session),
    onsessionclosed: onEnded,
  });
  const session: Session = {
    usedAt: performance.now(),
    open: 0,
    serve(req, res) {
      session.open += 1;
      res.once('close', () => {
        session.open -= 1;
        session.usedAt = performance.now();
      });
      // A stream of notifications lasts as long as its reader wants.
      if (req.method === 'GET') leaveOpen(res);
      transport.handleRequest(req, res, req.body).catch(() => res.destroy());
    },
    notifyListsChanged() {
      for (const send of [server.sendToolListChanged, server.sendPromptListChanged, server.sendResourceListChanged]) {
        send.call(server).catch(() => {});
      }
    },
    close() {
      unsubscribeAll();
      ended.abort();
      server.close().catch(() => {});
    },
  };
  await server.connect(transport);
  return session;
}

function createSessionState(ended: AbortSignal) {
  const subscribed = new Map<string, () => void>();
  let server: Server | undefined;
  const state: SessionState = {
    ended,
    logLevel: undefined,
    subscribe(uri, subscriptions) {
      if (subscribed.has(uri) || subscribed.size >= MAX_SUBSCRIPTIONS) return;
      const unsubscribe = subscriptions.subscribe(new Set([uri]));
      const ignoreUpdates = subscriptions.onUpdated((updated) => {
        if (updated === uri) server?.sendResourceUpdated({ uri }).catch(() => {});
      });
      subscribed.set(uri, () => {
        unsubscribe();
        ignoreUpdates();
      });
    },
    unsubscribe(uri) {
      subscribed.get(uri)?.();
      subscribed.delete(uri);
    },
  };
  return {
    state,
    /** Sets the server that sends the updates. */
    attach: (made: Server) => void (server = made),
    unsubscribeAll: () => subscribed.forEach((unsubscribe) => unsubscribe()),
  };
}
