export interface SessionLimits {
  readonly maxSessions: number;
  /** Idle time, with no request and no stream open, after which a session ends. */
  readonly idleMs: number;
}

/** The figures of a session that decide how long it is kept. */
export interface SessionUse {
  /** The end of its last request or stream, in milliseconds on the process's clock. */
  readonly usedAt: number;
  /** Requests and streams that are open. */
  readonly open: number;
}

/** The sessions by id. Decides which to drop; ending them is the caller's. */
export interface SessionTable<S extends SessionUse> {
  readonly all: ReadonlyMap<string, S>;
  add(id: string, session: S): void;
  /** Forgets a session: its id is unknown from now on. Returns the session. */
  drop(id: string): S | undefined;
  /** Returns the ids of sessions that have been idle for too long. */
  expired(now: number): readonly string[];
  /** Returns the id of the session that has to go for another: the one idle for longest. */
  toEvict(): { readonly id: string | undefined; readonly hasRoom: boolean };
}

export function createSessionTable<S extends SessionUse>({ maxSessions, idleMs }: SessionLimits): SessionTable<S> {
  const sessions = new Map<string, S>();
  const idle = () => [...sessions].filter(([, { open }]) => open === 0);
  return {
    all: sessions,
    add: (id, session) => void sessions.set(id, session),
    drop(id) {
      const session = sessions.get(id);
      sessions.delete(id);
      return session;
    },
    expired: (now) => idle().flatMap(([id, { usedAt }]) => (usedAt < now - idleMs ? [id] : [])),
    toEvict() {
      if (sessions.size < maxSessions) return { id: undefined, hasRoom: true };
      const [longest] = idle().sort(([, one], [, other]) => one.usedAt - other.usedAt);
      return { id: longest?.[0], hasRoom: longest !== undefined };
    },
  };
}
