import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Turn } from '../run/turns.ts';
import { boundTurn, MAX_ANSWER_CHARS } from './bound-turn.ts';

export interface SessionSummary {
  readonly id: string;
  readonly title: string;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
  readonly messageCount: number;
}

/** Conversations in SQLite. Calls are synchronous: each takes well under a millisecond. */
export interface SessionStore {
  /** The turns of a session, the oldest first; undefined when there is none of that id. */
  read(id: string): readonly Turn[] | undefined;
  /**
   * Adds turns; a turn with a known id replaces the old one. The oldest are dropped when there are too many, and answers
   * that are too large are reduced.
   */
  append(id: string, turns: readonly Turn[]): void;
  /** Makes `turns` the whole of a session. */
  replace(id: string, turns: readonly Turn[]): void;
  /** The sessions that were used last, at most `limit`. */
  list(limit: number): readonly SessionSummary[];
  /** Removes a session; returns whether there was one. */
  remove(id: string): boolean;
  close(): void;
}

export interface StoreLimits {
  readonly maxSessions: number;
  readonly maxTurns: number;
  readonly maxAgeMs: number;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS sessions_by_use ON sessions (updated_at);
  CREATE TABLE IF NOT EXISTS turns (
    position INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    turn_id TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (session_id, turn_id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS turns_in_order ON turns (session_id, position);
`;
const VERSION = 1;
const MAX_TITLE_CHARS = 80;

/**
 * Opens the store in `directory`, which is made, or in memory without one.
 * @throws Error when the directory cannot be written to or holds a store of a later version.
 */
export function openSessionStore(directory: string | undefined, limits: StoreLimits): SessionStore {
  if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(directory === undefined ? ':memory:' : join(directory, 'sessions.sqlite'));
  // A write is safe from a crash of this process; the last ones may go with the power.
  db.exec(
    'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON',
  );
  migrate(db);
  // While it waits for another process, this one stands still.
  db.exec('PRAGMA busy_timeout = 500');
  const sql = prepare(db);

  const write = <T>(task: () => T): T => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = task();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  };
  const add = (id: string, turns: readonly Turn[]): void => {
    const title = titleOf(turns);
    const isNew = sql.has.get(id) === undefined;
    sql.touch.run(id, title, Date.now(), title);
    for (const turn of turns) {
      const body = JSON.stringify(turn);
      const isTooLarge = turn.role === 'assistant' && body.length > MAX_ANSWER_CHARS;
      sql.put.run(id, turn.id, isTooLarge ? JSON.stringify(boundTurn(turn, body.length)) : body);
    }
    sql.trim.run(id, id, limits.maxTurns);
    if (!isNew) return;
    sql.expire.run(Date.now() - limits.maxAgeMs);
    sql.drop.run(limits.maxSessions);
  };

  return {
    read(id) {
      const rows = z.array(z.object({ body: z.string() })).parse(sql.read.all(id));
      if (rows.length === 0 && sql.has.get(id) === undefined) return undefined;
      return rows.map(({ body }) => parseTurn(body));
    },
    append: (id, turns) => write(() => add(id, turns)),
    replace: (id, turns) =>
      write(() => {
        sql.clear.run(id);
        add(id, turns);
      }),
    list: (limit) => Summaries.parse(sql.list.all(limit)),
    remove: (id) => write(() => Number(sql.remove.run(id).changes) > 0),
    close: () => db.close(),
  };
}

const Summaries = z.array(
  z
    .object({ id: z.string(), title: z.string(), updated_at: z.number(), message_count: z.number() })
    .transform(({ updated_at, message_count, ...rest }): SessionSummary => ({
      ...rest,
      updatedAt: new Date(updated_at).toISOString(),
      messageCount: message_count,
    })),
);

function migrate(db: DatabaseSync): void {
  const { user_version: version } = z
    .object({ user_version: z.number() })
    .parse(db.prepare('PRAGMA user_version').get());
  if (version > VERSION)
    throw new Error(`the store of sessions is of version ${version}, this program knows ${VERSION}`);
  if (version === VERSION) return;
  db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
}

const prepare = (db: DatabaseSync) => ({
  has: db.prepare('SELECT 1 FROM sessions WHERE id = ?'),
  read: db.prepare('SELECT body FROM turns WHERE session_id = ? ORDER BY position'),
  touch: db.prepare(
    `INSERT INTO sessions (id, title, updated_at) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, title = iif(title = '', ?, title)`,
  ),
  put: db.prepare(
    `INSERT INTO turns (session_id, turn_id, body) VALUES (?, ?, ?)
     ON CONFLICT (session_id, turn_id) DO UPDATE SET body = excluded.body`,
  ),
  clear: db.prepare('DELETE FROM turns WHERE session_id = ?'),
  trim: db.prepare(
    `DELETE FROM turns WHERE session_id = ? AND position <=
     (SELECT position FROM turns WHERE session_id = ? ORDER BY position DESC LIMIT 1 OFFSET ?)`,
  ),
  expire: db.prepare('DELETE FROM sessions WHERE updated_at < ?'),
  drop: db.prepare(
    'DELETE FROM sessions WHERE id IN (SELECT id FROM sessions ORDER BY updated_at DESC LIMIT -1 OFFSET ?)',
  ),
  list: db.prepare(
    `SELECT id, title, updated_at, (SELECT count(*) FROM turns WHERE session_id = id) AS message_count
     FROM sessions ORDER BY updated_at DESC LIMIT ?`,
  ),
  remove: db.prepare('DELETE FROM sessions WHERE id = ?'),
});

function titleOf(turns: readonly Turn[]): string {
  const first = turns.find(({ role }) => role === 'user');
  const words = first?.role === 'user' ? first.content.trim().replaceAll(/\s+/g, ' ') : '';
  return words.slice(0, MAX_TITLE_CHARS).replace(/[\uD800-\uDBFF]$/, '');
}

/** Parses a turn that this store wrote. */
function parseTurn(body: string): Turn {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `add`, from this very type
  return JSON.parse(body) as Turn;
}
