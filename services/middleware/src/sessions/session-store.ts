import { parseExact } from '@toolmesh/shared/kit/json/exact-json';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Turn } from '../run/turns.ts';
import { boundTurn, MAX_ANSWER_CHARS } from './bound-turn.ts';
import { isDiskFull } from './disk.ts';
import { openDatabase, type SessionDatabase } from './session-database.ts';

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
  /** Removes a session, from the write-ahead log too, also when the disk is full; returns whether there was one. */
  remove(id: string): boolean;
  /** Removes sessions that have not been used for too long. */
  expire(): void;
  /** Writes and removes what is as large as a long turn. @throws what a turn could not be written for. */
  probe(): void;
  close(): void;
}

export interface StoreLimits {
  readonly maxSessions: number;
  readonly maxTurns: number;
  readonly maxAgeMs: number;
}

/** Needs room as a long turn does, and leaves nothing. */
const PROBE = `CREATE TABLE probe (body); INSERT INTO probe VALUES (zeroblob(${32 * 1_024})); DROP TABLE probe`;
const MAX_TITLE_CHARS = 80;

/**
 * Opens the store in `directory`, which is made, or in memory without one.
 * @throws Error when the directory cannot be written to or holds a store of a later version.
 */
export function openSessionStore(directory: string | undefined, limits: StoreLimits): SessionStore {
  const database = openDatabase(directory);
  const { db, write, log, close } = database;
  const sql = prepare(db);

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
    if (isNew) sql.drop.run(limits.maxSessions);
  };

  return {
    read(id) {
      const rows = z.array(z.object({ body: z.string() })).parse(sql.read.all(id));
      if (rows.length === 0 && sql.has.get(id) === undefined) return undefined;
      return rows.map(({ body }) => parseTurn(body));
    },
    append: (id, turns) => write(() => add(id, turns)),
    replace(id, turns) {
      write(() => {
        sql.clear.run(id);
        add(id, turns);
      });
      log.emptySoon();
    },
    list: (limit) => Summaries.parse(sql.list.all(limit)),
    remove: (id) => sql.has.get(id) !== undefined && removeSession(database, sql, id),
    expire() {
      const { changes } = write(() => sql.expire.run(Date.now() - limits.maxAgeMs));
      if (Number(changes) > 0) log.empty();
    },
    probe() {
      log.empty();
      write(() => db.exec(PROBE));
      log.empty();
    },
    close,
  };
}

type Statements = ReturnType<typeof prepare>;

function removeSession(database: SessionDatabase, sql: Statements, id: string): boolean {
  try {
    database.write(() => sql.remove.run(id));
    database.log.empty();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    removeInSteps(database, sql, id);
  }
  return true;
}

/** Removes a session on a full disk: with the reserve, turn by turn, each of which has room in the log. */
function removeInSteps({ write, log, reserve }: SessionDatabase, sql: Statements, id: string): void {
  reserve?.release();
  try {
    do log.empty();
    while (write(() => sql.removeTurn.run(id).changes) > 0);
    write(() => sql.remove.run(id));
    log.empty();
  } finally {
    reserve?.take();
  }
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
  removeTurn: db.prepare(
    'DELETE FROM turns WHERE position = (SELECT position FROM turns WHERE session_id = ? ORDER BY position DESC LIMIT 1)',
  ),
});

function titleOf(turns: readonly Turn[]): string {
  const first = turns.find(({ role }) => role === 'user');
  const words = first?.role === 'user' ? first.content.trim().replaceAll(/\s+/g, ' ') : '';
  return words.slice(0, MAX_TITLE_CHARS).replace(/[\uD800-\uDBFF]$/, '');
}

/** Parses a turn that this store wrote. */
function parseTurn(body: string): Turn {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `add`, from this very type
  return parseExact(body) as Turn;
}
