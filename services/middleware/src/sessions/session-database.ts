import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { createDiskReserve, type DiskReserve, isDiskFull } from './disk.ts';

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
/** A page that edits a conversation does not wait for the disk. */
const EMPTY_LOG_AFTER_MS = 1_000;

/** The write-ahead log: what was erased is in it until it is written back and cut off. */
export interface WriteAheadLog {
  readonly empty: () => void;
  readonly emptySoon: () => void;
}

/** The database of conversations, and the ways to write to it. */
export interface SessionDatabase {
  readonly db: DatabaseSync;
  readonly log: WriteAheadLog;
  /** Undefined in memory. */
  readonly reserve: DiskReserve | undefined;
  /** Runs a task in a transaction: all of it is written, or nothing. */
  readonly write: <T>(task: () => T) => T;
  readonly close: () => void;
}

/**
 * Opens the database in `directory`, which is made, or in memory without one.
 * @throws Error when the directory cannot be written to or holds a database of a later version.
 */
export function openDatabase(directory: string | undefined): SessionDatabase {
  const db = open(directory);
  const reserve = directory === undefined ? undefined : createDiskReserve(directory);
  reserve?.take();
  if (reserve !== undefined) db.exec(`PRAGMA wal_autocheckpoint = ${reserve.logPages}`);
  const log = createLog(db);
  return {
    db,
    log,
    reserve,
    write(task) {
      db.exec('BEGIN IMMEDIATE');
      try {
        const result = task();
        db.exec('COMMIT');
        return result;
      } catch (error) {
        // A full disk has rolled it back already; doing so again would hide why.
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
    close() {
      log.close();
      db.close();
    },
  };
}

function open(directory: string | undefined): DatabaseSync {
  if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(directory === undefined ? ':memory:' : join(directory, 'sessions.sqlite'));
  // A write is safe from a crash of this process; the last ones may go with the power. What is deleted is overwritten.
  db.exec(
    `PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
     PRAGMA secure_delete = ON`,
  );
  migrate(db);
  // While it waits for another process, this one stands still.
  db.exec('PRAGMA busy_timeout = 500');
  return db;
}

function migrate(db: DatabaseSync): void {
  const { user_version: version } = z
    .object({ user_version: z.number() })
    .parse(db.prepare('PRAGMA user_version').get());
  if (version > VERSION)
    throw new Error(`the store of sessions is of version ${version}, this program knows ${VERSION}`);
  if (version === VERSION) return;
  db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${VERSION}; COMMIT`);
}

function createLog(db: DatabaseSync): WriteAheadLog & { close(): void } {
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const empty = (): void => void checkpoint.all();
  let timer: NodeJS.Timeout | undefined;
  return {
    empty,
    emptySoon() {
      timer ??= setTimeout(() => {
        timer = undefined;
        try {
          empty();
        } catch (error) {
          // What has been written is safe; the next write tells what is wrong.
          if (!isDiskFull(error)) throw error;
        }
      }, EMPTY_LOG_AFTER_MS).unref();
    },
    close: () => clearTimeout(timer),
  };
}
