import { isInitializeRequest, type Server } from '@modelcontextprotocol/server';
import type { Request, Response } from 'express';
import { openSession, type Session, type SessionState } from './session.ts';
import { createSessionTable, type SessionLimits } from './session-table.ts';

export type { SessionLimits } from './session-table.ts';

export interface McpSessions {
  /** Answers a request that opens a session or belongs to one. Returns false for any other. */
  serve(req: Request, res: Response): boolean;
  /** Notifies every client that the lists may have changed. */
  notifyListsChanged(): void;
  readonly size: number;
  close(): Promise<void>;
}

const LIMITS: SessionLimits = { maxSessions: 1_000, idleMs: 30 * 60_000 };
const MAX_SWEEP_MS = 30_000;
const SESSION_NOT_FOUND = { jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null };

/**
 * Keeps the sessions of clients before 2026-07-28, which hold nothing that a call needs. Most clients never end theirs:
 * one too many replaces the one that is idle for longest, whose client is then served without a session, as is a client
 * with a session from before a restart of the hub.
 */
export function createMcpSessions(
  serverFor: (session: SessionState) => Server,
  limits: SessionLimits = LIMITS,
): McpSessions {
  const table = createSessionTable<Session>(limits);
  const end = (id: string): void => table.end(id)?.close();
  const events = { onOpened: table.add, onEnded: end };
  const sweep = setInterval(
    () => table.expired(performance.now()).forEach(end),
    Math.min(limits.idleMs, MAX_SWEEP_MS),
  ).unref();

  /** Returns whether there is room for one more session. */
  const makeRoom = (): boolean => {
    const { id, hasRoom } = table.toEvict();
    if (id !== undefined) table.drop(id)?.close();
    return hasRoom;
  };

  return {
    serve(req, res) {
      const id = req.get('mcp-session-id');
      const session = id === undefined ? undefined : table.all.get(id);
      if (session !== undefined) {
        session.serve(req, res);
        return true;
      }
      // The protocol wants clients to know that their session is over.
      if (id !== undefined && table.hasEnded(id)) {
        res.status(404).json(SESSION_NOT_FOUND);
        return true;
      }
      if (req.method !== 'POST' || !isInitializeRequest(req.body) || !makeRoom()) return false;
      openSession(serverFor, events).then(
        (opened) => opened.serve(req, res),
        () => res.destroy(),
      );
      return true;
    },
    notifyListsChanged: () => table.all.forEach((session) => session.notifyListsChanged()),
    get size() {
      return table.all.size;
    },
    async close() {
      clearInterval(sweep);
      for (const id of table.all.keys()) table.drop(id)?.close();
    },
  };
}
