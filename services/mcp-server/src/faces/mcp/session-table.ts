export interface SessionLimits {
  readonly maxSessions: number;
  /** Idle time, with no stream open, after which a session ends. */
  readonly idleMs: number;
}

/** The figures of a session that decide how long it is kept. */
export interface SessionUse {
  readonly usedAt: number;
  readonly open: number;
}

/** The sessions by id, and the ids of those that are over. Decides which to drop; closing them is the caller's. */
export interface SessionTable<S extends SessionUse> {
  readonly all: ReadonlyMap<string, S>;
  add(id: string, session: S): void;
  /** Forgets a session: its id is unknown from now on. Returns the session. */
  drop(id: string): S | undefined;
  /** Ends a session: its id is remembered as over. Returns the session. */
  end(id: string): S | undefined;
  hasEnded(id: string): boolean;
  /** Returns the ids of sessions that have been idle for too long. */
  expired(now: number): readonly string[];
  /** Returns the id of the session that has to go for another: the one idle for longest. */
  toEvict(): { readonly id: string | undefined; readonly hasRoom: boolean };
}

const MAX_ENDED = 10_000;

export function createSessionTable<S extends SessionUse>({ maxSessions, idleMs }: SessionLimits): SessionTable<S> {
  const sessions = new Map<string, S>();
  const ended = new Set<string>();
  const idle = () => [...sessions].filter(([, { open }]) => open === 0);
  const drop = (id: string): S | undefined => {
    const session = sessions.get(id);
    sessions.delete(id);
    return session;
  };
  return {
    all: sessions,
    add: (id, session) => void sessions.set(id, session),
    drop,
    end(id) {
      if (!sessions.has(id)) return undefined;
      ended.add(id);
      const [oldest] = ended;
      if (ended.size > MAX_ENDED && oldest !== undefined) ended.delete(oldest);
      return drop(id);
    },
    hasEnded: (id) => ended.has(id),
    expired: (now) => idle().flatMap(([id, { usedAt }]) => (usedAt < now - idleMs ? [id] : [])),
    toEvict() {
      if (sessions.size < maxSessions) return { id: undefined, hasRoom: true };
      const [longest] = idle().sort(([, one], [, other]) => one.usedAt - other.usedAt);
      return { id: longest?.[0], hasRoom: longest !== undefined };
    },
  };
}
