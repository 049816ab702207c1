import { randomUUID } from 'node:crypto';
import type { Outcome, RequestMessage } from '../messages.ts';
import type { ServeDeps } from '../serve-request.ts';
import { createOrphans } from './orphans.ts';
import { createReplayMemory } from './replay-memory.ts';
import { createSession, type Session } from './session.ts';
import { createSessionTable, type SessionLimits } from './session-table.ts';

/** The sessions of clients before 2026-07-28. */
export interface McpSessions {
  readonly size: number;
  find(id: string): Session | undefined;
  /** Answers a handshake. The id is that of the new session; undefined if there is none. */
  open(message: RequestMessage): Promise<{ readonly outcome: Outcome | undefined; readonly id: string | undefined }>;
  /** Adds a session that was opened elsewhere. Returns false if there is no room for it. */
  end(id: string): void;
  close(): void;
}

export const SESSION_LIMITS: SessionLimits = { maxSessions: 1_000, idleMs: 30 * 60_000 };
const MAX_SWEEP_MS = 30_000;

/**
 * Keeps the sessions of one face. Most clients never end theirs: one too many replaces the one that is idle for longest,
 * whose client then begins anew, as does a client with a session from before a restart.
 */
export function createMcpSessions(deps: ServeDeps, limits: SessionLimits = SESSION_LIMITS): McpSessions {
  const table = createSessionTable<Session>(limits);
  const newMemory = createReplayMemory();
  const orphans = createOrphans();
  const end = (id: string): void => table.drop(id)?.end();
  const sweep = setInterval(
    () => table.expired(performance.now()).forEach(end),
    Math.min(limits.idleMs, MAX_SWEEP_MS),
  ).unref();

  /** Returns whether there is room for one more session. */
  const makeRoom = (): boolean => {
    const { id, hasRoom } = table.toEvict();
    if (id !== undefined) end(id);
    return hasRoom;
  };
  return {
    get size() {
      return table.all.size;
    },
    find: (id) => table.all.get(id),
    async open(message) {
      const session = createSession({ ...deps, newMemory, orphans });
      const channel = { signal: new AbortController().signal };
      const outcome = await session.peer.request(message, channel);
      const isOpen = outcome !== undefined && 'result' in outcome && makeRoom();
      if (!isOpen) {
        session.end();
        return { outcome, id: undefined };
      }
      const id = randomUUID();
      table.add(id, session);
      return { outcome, id };
    },
    end,
    close() {
      clearInterval(sweep);
      for (const id of table.all.keys()) end(id);
    },
  };
}
