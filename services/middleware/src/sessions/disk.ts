import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const PAGE_BYTES = 4_096;
const MIN_LOG_PAGES = 16;
const MAX_LOG_PAGES = 1_000;

/** Space that is held back on a disk, so that there is some to delete with when all of it is used. */
export interface DiskReserve {
  /** Pages of the write-ahead log after which it is written back. What it holds has to fit into the reserve. */
  readonly logPages: number;
  /** Frees the space. */
  release(): void;
  /** Takes it again, if there is enough. */
  take(): void;
}

/** Makes the reserve of a folder: a file as large as the log may become, and half of that; less on a small disk. */
export function createDiskReserve(directory: string): DiskReserve {
  const path = join(directory, 'reserve');
  const { bavail, bsize } = statfsSync(directory);
  const logPages = Math.min(Math.max(Math.floor((bavail * bsize) / 16 / PAGE_BYTES), MIN_LOG_PAGES), MAX_LOG_PAGES);
  const release = (): void => rmSync(path, { force: true });
  const take = (): void => {
    try {
      const file = openSync(path, 'w', 0o600);
      // Written, for a file with holes takes no space.
      try {
        const page = Buffer.alloc(PAGE_BYTES);
        for (let pages = 0; pages < logPages * 1.5; pages += 1) writeSync(file, page);
      } finally {
        closeSync(file);
      }
    } catch {
      release();
    }
  };
  return { logPages, release, take };
}

const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

/** Tells whether an error of SQLite says that the disk is full. */
export const isDiskFull = (error: unknown): boolean =>
  Error.isError(error) && 'errcode' in error && Number(error.errcode) === SQLITE_FULL;

/** Says in words what keeps the store from being written, without its path. */
export function storeProblem(error: unknown): string {
  if (isDiskFull(error)) return 'the disk of CHAT_DATA_DIR is full';
  const isDisk = Error.isError(error) && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_IOERR;
  return isDisk ? 'the disk of CHAT_DATA_DIR does not take what is written' : 'the store refuses what is written';
}
