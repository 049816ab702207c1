import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { removeUnfinished } from '../files/file-store.ts';
import { readJson, writeJson } from '../packages/json-file.ts';
import type { FileToSend } from '../workers/file-frames.ts';
import { RECORD, sessionDigest, sizeOf, type WorkspaceFile, WorkspaceRecord } from './workspace-record.ts';
import { createWorkspaceWriter, type WorkspaceWriter } from './workspace-writer.ts';

export interface WorkspaceStoreOptions {
  /** Folder of all workspaces and snapshots, which is made where there is none, for this user alone. */
  readonly directory: string;
  /** Bound of one workspace. */
  readonly maxWorkspaceBytes: number;
  /** Bound of all together, snapshots included; those that were not used the longest make room. */
  readonly maxBytes: number;
  /** Time after its last use at which a workspace or snapshot is removed. */
  readonly maxIdleMs: number;
  readonly now?: () => number;
}

/** A workspace or a snapshot, as it is listed. */
export interface WorkspaceInfo {
  readonly createdMs: number;
  readonly usedMs: number;
  readonly files: number;
  readonly bytes: number;
}

/** The files of sessions, which outlive the worker and the service, and snapshots of them. */
export interface WorkspaceStore {
  /** Returns the files of a session for its new worker; none where it had none. */
  files(session: string): readonly FileToSend[];
  /** Takes the changes of one program. One at a time for each session. */
  write(session: string): WorkspaceWriter;
  describe(session: string): WorkspaceInfo | undefined;
  /** Removes the files of a session. Returns false where there were none. */
  remove(session: string): Promise<boolean>;
  /** Keeps the present files of a session as a snapshot. @throws MeshError not_found where it has none */
  snapshot(session: string): Promise<SnapshotInfo>;
  snapshots(session: string): readonly SnapshotInfo[];
  /** Gives a session the files of a snapshot, instead of those that it had. @throws MeshError not_found */
  restore(snapshot: string, session: string): Promise<WorkspaceInfo>;
  removeSnapshot(snapshot: string): Promise<void>;
  /** Counts workspaces and snapshots. */
  stats(): { readonly count: number; readonly bytes: number };
}

export interface SnapshotInfo extends WorkspaceInfo {
  readonly id: string;
}

const SNAPSHOT = /^snap_[A-Za-z0-9_-]{22}$/;
const FOLDER = /^(?:[A-Za-z0-9_-]{43}|snap_[A-Za-z0-9_-]{22})$/;

/** Opens the store, with what an earlier service has kept. */
export async function openWorkspaceStore(options: WorkspaceStoreOptions): Promise<WorkspaceStore> {
  const { directory, maxWorkspaceBytes, now = Date.now } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const shelf = createShelf(options, await readRecords(directory));

  const copy = async (from: string, to: string, session: string | undefined): Promise<WorkspaceRecord> => {
    const record = shelf.find(from);
    shelf.makeRoom(sizeOf(record), new Set([from, to]));
    const copied = { ...record, session, created_ms: now(), used_ms: now() };
    const folder = join(directory, to);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    // Contents are never written again, so that a second name for each is a copy.
    for (const { content } of record.files) await link(join(directory, from, content), join(folder, content));
    await writeJson(join(folder, RECORD), copied);
    shelf.set(to, copied);
    return copied;
  };

  return {
    files(session) {
      const name = sessionDigest(session);
      const record = shelf.get(name);
      return (record?.files ?? []).map((file) => toSend(join(directory, name), file));
    },
    write(session) {
      const name = sessionDigest(session);
      return createWorkspaceWriter({
        folder: join(directory, name),
        before: shelf.get(name),
        maxBytes: maxWorkspaceBytes,
        now,
        reserve: (bytes) => shelf.makeRoom(bytes, new Set([name])),
        kept: (record) => shelf.set(name, record),
      });
    },
    describe: (session) => infoOf(shelf.get(sessionDigest(session))),
    remove: (session) => shelf.drop(sessionDigest(session)),
    async snapshot(session) {
      const name = sessionDigest(session);
      if (shelf.get(name) === undefined) throw new MeshError('not_found', 'The session has no files to keep');
      const id = `snap_${randomBytes(16).toString('base64url')}`;
      return { id, ...infoOfRecord(await copy(name, id, name)) };
    },
    snapshots: (session) =>
      shelf
        .list()
        .filter(([name, record]) => SNAPSHOT.test(name) && record.session === sessionDigest(session))
        .map(([id, record]) => ({ id, ...infoOfRecord(record) })),
    async restore(snapshot, session) {
      refuseUnknown(snapshot, shelf.get(snapshot));
      return infoOfRecord(await copy(snapshot, sessionDigest(session), undefined));
    },
    async removeSnapshot(snapshot) {
      refuseUnknown(snapshot, shelf.get(snapshot));
      await shelf.drop(snapshot);
    },
    stats: shelf.stats,
  };
}

const toSend = (folder: string, { path, size_bytes, content }: WorkspaceFile): FileToSend => ({
  path,
  sizeBytes: size_bytes,
  isGiven: false,
  read: () => readPieces(join(folder, content)),
});

function refuseUnknown(id: string, record: WorkspaceRecord | undefined): void {
  if (record === undefined || !SNAPSHOT.test(id)) {
    throw new MeshError('not_found', `There is no snapshot ${id.slice(0, 64)}, or no longer`);
  }
}

const infoOfRecord = (record: WorkspaceRecord): WorkspaceInfo => ({
  createdMs: record.created_ms,
  usedMs: record.used_ms,
  files: record.files.length,
  bytes: record.files.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
});

const infoOf = (record: WorkspaceRecord | undefined): WorkspaceInfo | undefined =>
  record === undefined ? undefined : infoOfRecord(record);

/** Keeps the books: which workspaces there are, in the order of their last use, and what they take. */
function createShelf(
  { directory, maxBytes, maxIdleMs, now = Date.now }: WorkspaceStoreOptions,
  found: ReadonlyMap<string, WorkspaceRecord>,
) {
  const records = new Map(found);
  const drop = async (name: string): Promise<boolean> => {
    if (!records.delete(name)) return false;
    // The record first: without it the contents are nobody's.
    await rm(join(directory, name, RECORD), { force: true });
    await rm(join(directory, name), { recursive: true, force: true });
    return true;
  };
  const expire = (): void => {
    for (const [name, { used_ms }] of records) {
      if (used_ms > now() - maxIdleMs) break;
      void drop(name).catch(() => {});
    }
  };
  const used = () => [...records.values()].reduce((sum, record) => sum + sizeOf(record), 0);
  const get = (name: string): WorkspaceRecord | undefined => {
    expire();
    return records.get(name);
  };
  return {
    get,
    drop,
    find(name: string): WorkspaceRecord {
      const record = get(name);
      if (record === undefined) throw new MeshError('not_found', 'There is no such workspace, or no longer');
      return record;
    },
    set(name: string, record: WorkspaceRecord): void {
      records.delete(name);
      records.set(name, record);
    },
    /** Removes what was not used the longest until `bytes` more have room, but for those in use. */
    makeRoom(bytes: number, inUse: ReadonlySet<string>): void {
      expire();
      let total = used();
      for (const [name, record] of records) {
        if (total + bytes <= maxBytes) break;
        if (inUse.has(name)) continue;
        total -= sizeOf(record);
        void drop(name).catch(() => {});
      }
    },
    stats: () => ({ count: records.size, bytes: used() }),
    list(): readonly (readonly [string, WorkspaceRecord])[] {
      expire();
      return [...records];
    },
  };
}

async function readRecords(directory: string): Promise<ReadonlyMap<string, WorkspaceRecord>> {
  const records: [string, WorkspaceRecord][] = [];
  for (const name of await readdir(directory)) {
    if (!FOLDER.test(name)) continue;
    const record = await readJson(join(directory, name, RECORD), WorkspaceRecord).catch(() => undefined);
    if (record === undefined) await rm(join(directory, name), { recursive: true, force: true });
    else records.push([name, await withContents(join(directory, name), record)]);
  }
  return new Map(records.toSorted(([, a], [, b]) => a.used_ms - b.used_ms));
}

/** Leaves out files whose content is gone, as after a power cut, and removes old contents that no file has. */
async function withContents(folder: string, record: WorkspaceRecord): Promise<WorkspaceRecord> {
  const names = new Set(await readdir(folder));
  const files = record.files.filter(({ content }) => names.has(content));
  for (const name of [RECORD, ...files.map(({ content }) => content)]) names.delete(name);
  for (const name of names) await removeUnfinished(join(folder, name));
  return { ...record, files };
}

async function* readPieces(path: string): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r');
  for await (const piece of handle.createReadStream()) yield Buffer.from(piece);
}
