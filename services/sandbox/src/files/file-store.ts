import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { fileName, FileRecord, mimeTypeOf, newFileId } from './file-record.ts';

export interface FileStoreOptions {
  /** Folder of all kept files, which is made where there is none, for this user alone. */
  readonly directory: string;
  /** Bound of all files together. */
  readonly maxBytes: number;
  /** Bound of one file. */
  readonly maxFileBytes: number;
  /** Time that a file is kept. */
  readonly maxAgeMs: number;
  readonly now?: () => number;
  /** Is told of files that were removed before somebody deleted them. */
  readonly onEvicted?: (reason: 'age' | 'size') => void;
}

/** The description of a file that is about to be written. */
export interface NewFile {
  /** Its name, or a path whose last part that is. */
  readonly path: string;
  /** Default: by the name. */
  readonly mimeType?: string | undefined;
  readonly session?: string | undefined;
  /** True to be told that it is kept only once it is on the disk, which takes milliseconds. */
  readonly isDurable?: boolean;
}

/** A file that is being written. */
export interface FileWriter {
  /** Writes the next piece. @throws MeshError payload_too_large beyond the bound of one file */
  write(piece: Uint8Array): Promise<void>;
  /** Keeps the file; from then on it outlives the service. */
  commit(): Promise<FileRecord>;
  /** Removes what was written. Does nothing after {@link commit}. */
  discard(): Promise<void>;
}

/** Files of callers, by ids that nobody can guess, until they expire or newer ones need their room. */
export interface FileStore {
  readonly maxFileBytes: number;
  /**
   * Keeps a small file at once: waiting for the disk's threads takes longer than writing it.
   * @throws Error when it could not be kept
   */
  keepSmall(file: NewFile, content: Buffer): FileRecord;
  create(file: NewFile): Promise<FileWriter>;
  /** @throws MeshError not_found */
  find(id: string): FileRecord;
  /** Opens the content of a file, which stays readable then even if it is removed. @throws MeshError not_found */
  read(id: string): Promise<FileHandle>;
  /** Lists the files that came from a session, the oldest first. */
  ofSession(session: string): readonly FileRecord[];
  /** @throws MeshError not_found */
  remove(id: string): Promise<void>;
  stats(): { readonly count: number; readonly bytes: number };
}

/** Room that even an empty file takes: its record, and a block of the disk. */
const LEAST_BYTES = 4_096;
const RECORD = '.json';
const NEW_FILE = { flag: 'wx', mode: 0o600 };

export const sessionDigest = (session: string): string => createHash('sha256').update(session).digest('base64url');

/** Opens the store, with the files that an earlier service has kept; what that one left unfinished is removed. */
export async function openFileStore(options: FileStoreOptions): Promise<FileStore> {
  const { directory, maxFileBytes, maxAgeMs, now = Date.now } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const shelf = createShelf(options, await readRecords(directory));
  const { contentOf } = shelf;

  const describe = (id: string, { path, mimeType, session }: NewFile, size_bytes: number): FileRecord => ({
    id,
    name: fileName(path),
    mime_type: mimeType ?? mimeTypeOf(path),
    size_bytes,
    created_ms: now(),
    expires_ms: now() + maxAgeMs,
    session: session === undefined ? null : sessionDigest(session),
    owner: null,
  });

  return {
    maxFileBytes,
    keepSmall(file, content) {
      if (content.length > maxFileBytes) throw tooLarge(maxFileBytes);
      const record = describe(newFileId(), file, content.length);
      shelf.reserve(roomOf(content.length));
      const place = contentOf(record.id);
      try {
        writeFileSync(place, content, NEW_FILE);
        writeFileSync(place + RECORD, JSON.stringify(record), NEW_FILE);
      } catch (error) {
        shelf.release(roomOf(content.length));
        for (const name of [place + RECORD, place]) rmSync(name, { force: true });
        throw error;
      }
      shelf.add(record);
      return record;
    },
    async create(file) {
      shelf.reserve(LEAST_BYTES);
      const id = newFileId();
      const handle = await open(contentOf(id), NEW_FILE.flag, NEW_FILE.mode).catch((error: unknown) => {
        shelf.release(LEAST_BYTES);
        throw error;
      });
      const record = (size: number) => describe(id, file, size);
      return createWriter(handle, { id, record, shelf, isDurable: file.isDurable ?? false, maxFileBytes });
    },
    find: shelf.find,
    read: (id) => open(contentOf(shelf.find(id).id), 'r'),
    ofSession(session) {
      const digest = sessionDigest(session);
      return shelf.list().filter((record) => record.session === digest);
    },
    remove: (id) => shelf.drop(shelf.find(id)),
    stats: shelf.stats,
  };
}

type Shelf = ReturnType<typeof createShelf>;

/** Keeps the books of a store: which files there are, in the order of their end, and the room that is left. */
function createShelf(
  { directory, maxBytes, now = Date.now, onEvicted = () => {} }: FileStoreOptions,
  found: readonly FileRecord[],
) {
  const records = new Map(found.map((record) => [record.id, record]));
  let used = found.reduce((sum, { size_bytes }) => sum + roomOf(size_bytes), 0);
  const contentOf = (id: string): string => join(directory, id);
  const drop = async ({ id, size_bytes }: FileRecord): Promise<void> => {
    if (!records.delete(id)) return;
    used -= roomOf(size_bytes);
    // The record first: without it the content is nobody's.
    await rm(contentOf(id) + RECORD, { force: true });
    await rm(contentOf(id), { force: true });
  };
  const evict = (record: FileRecord, reason: 'age' | 'size'): void => {
    onEvicted(reason);
    void drop(record).catch(() => {});
  };
  const expire = (): void => {
    for (const record of records.values()) {
      if (record.expires_ms > now()) break;
      evict(record, 'age');
    }
  };
  return {
    contentOf,
    drop,
    /** Takes room, for which the oldest files go. @throws MeshError unavailable where there is none */
    reserve(bytes: number): void {
      expire();
      for (const record of records.values()) {
        if (used + bytes <= maxBytes) break;
        evict(record, 'size');
      }
      if (used + bytes > maxBytes) throw new MeshError('unavailable', NO_ROOM, { retryAfterSeconds: 10 });
      used += bytes;
    },
    release(bytes: number): void {
      used -= bytes;
    },
    /** Adds a file whose room has been reserved. */
    add: (record: FileRecord): void => void records.set(record.id, record),
    find(id: string): FileRecord {
      expire();
      const record = records.get(id);
      if (record === undefined) throw new MeshError('not_found', `There is no file ${id.slice(0, 64)}, or no longer`);
      return record;
    },
    list(): readonly FileRecord[] {
      expire();
      return [...records.values()];
    },
    stats: () => ({ count: records.size, bytes: used }),
  };
}

const NO_ROOM = 'The sandbox has no room for this file at present (SANDBOX_FILES_MAX_MB)';

const tooLarge = (bytes: number): MeshError =>
  new MeshError('payload_too_large', `The file is larger than ${bytes} bytes (SANDBOX_FILE_MAX_MB)`);

const roomOf = (bytes: number): number => Math.max(bytes, LEAST_BYTES);

interface Writing {
  readonly id: string;
  readonly record: (sizeBytes: number) => FileRecord;
  readonly shelf: Shelf;
  readonly isDurable: boolean;
  readonly maxFileBytes: number;
}

function createWriter(handle: FileHandle, { id, record, shelf, isDurable, maxFileBytes }: Writing): FileWriter {
  const content = shelf.contentOf(id);
  let size = 0;
  let isOver = false;
  const discard = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    shelf.release(roomOf(size));
    await handle.close().catch(() => {});
    for (const name of [content + RECORD, content]) await rm(name, { force: true });
  };
  return {
    async write(piece) {
      const next = size + piece.byteLength;
      if (next > maxFileBytes) throw tooLarge(maxFileBytes);
      shelf.reserve(roomOf(next) - roomOf(size));
      size = next;
      for (let at = 0; at < piece.byteLength;) at += (await handle.write(piece, at)).bytesWritten;
    },
    async commit() {
      try {
        if (isDurable) await handle.datasync();
        await handle.close();
        const kept = record(size);
        await writeRecord(content + RECORD, kept, isDurable);
        isOver = true;
        shelf.add(kept);
        return kept;
      } catch (error) {
        await discard();
        throw error;
      }
    },
    discard,
  };
}

async function writeRecord(path: string, record: FileRecord, isDurable: boolean): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(JSON.stringify(record));
    if (isDurable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads the records of a folder, the oldest first; removes old files without a whole record, and records without a file. */
async function readRecords(directory: string): Promise<readonly FileRecord[]> {
  const names = new Set(await readdir(directory));
  const records: FileRecord[] = [];
  for (const name of names) {
    if (!name.endsWith(RECORD)) continue;
    const id = name.slice(0, -RECORD.length);
    const parsed = FileRecord.safeParse(parseJson(await readFile(join(directory, name), 'utf8')));
    if (!parsed.success || parsed.data.id !== id || !names.has(id)) continue;
    records.push(parsed.data);
    names.delete(name);
    names.delete(id);
  }
  for (const name of names) await removeUnfinished(join(directory, name));
  return records.toSorted((a, b) => a.expires_ms - b.expires_ms);
}

/** Another service that has this folder, as during an update, may be writing a file that is newer. */
const UNFINISHED_MS = 3_600_000;

/** Removes what a service that was killed has left, unless it is so new that another one may be writing it. */
export async function removeUnfinished(path: string): Promise<void> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  if (mtimeMs < Date.now() - UNFINISHED_MS) await rm(path, { recursive: true, force: true });
}
