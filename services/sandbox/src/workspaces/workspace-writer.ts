import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJson } from '../packages/json-file.ts';
import type { FileSink } from '../workers/file-frames.ts';
import { newContentName, RECORD, sizeOf, type WorkspaceFile, type WorkspaceRecord } from './workspace-record.ts';

/** Takes what one program has changed in its workspace. */
export interface WorkspaceWriter {
  readonly sink: FileSink;
  /**
   * Keeps the changes, all or none; `removed` are the files that are gone. Returns false where something had no room.
   */
  commit(removed: readonly string[]): Promise<boolean>;
}

export interface WorkspaceWriting {
  readonly folder: string;
  readonly before: WorkspaceRecord | undefined;
  readonly maxBytes: number;
  readonly now: () => number;
  /** Makes room for so many bytes. */
  readonly reserve: (bytes: number) => void;
  /** Is told the record once it is on the disk. */
  readonly kept: (record: WorkspaceRecord) => void;
}

/** Contents are written beside the old ones, then the record that names them, then the old ones are removed. */
export function createWorkspaceWriter(writing: WorkspaceWriting): WorkspaceWriter {
  const { folder, before, maxBytes, now, kept } = writing;
  const contents = writeContents(writing);
  const { written, failed } = contents;
  const remove = async (files: Iterable<WorkspaceFile>): Promise<void> => {
    for (const { content } of files) await rm(join(folder, content), { force: true });
  };
  return {
    sink: contents.sink,
    async commit(removed) {
      const replaced = new Set([...removed, ...written.keys(), ...failed]);
      const earlier = before?.files ?? [];
      const old = earlier.filter(({ path }) => replaced.has(path));
      if (old.length === 0 && written.size === 0) {
        // Its last use is worth no write: the next change records it.
        if (before !== undefined) kept({ ...before, used_ms: now() });
        return failed.size === 0;
      }
      const files = [...earlier.filter(({ path }) => !replaced.has(path)), ...written.values()];
      const record = { created_ms: before?.created_ms ?? now(), used_ms: now(), files };
      if (sizeOf(record) > maxBytes) {
        await remove(written.values());
        return false;
      }
      await writeJson(join(folder, RECORD), record);
      kept(record);
      await remove(old);
      return failed.size === 0;
    },
  };
}

/** Writes the contents of files, as far as there is room for them. */
function writeContents({ folder, maxBytes, reserve }: WorkspaceWriting) {
  const written = new Map<string, WorkspaceFile>();
  const failed = new Set<string>();
  let present: { readonly file: WorkspaceFile; readonly handle: FileHandle } | undefined;
  let bytes = 0;

  const giveUp = async ({ path, content }: WorkspaceFile, handle: FileHandle): Promise<void> => {
    present = undefined;
    failed.add(path);
    await handle.close().catch(() => {});
    await rm(join(folder, content), { force: true });
  };
  const sink: FileSink = {
    async begin({ path, size_bytes }) {
      bytes += size_bytes;
      if (bytes > maxBytes) return void failed.add(path);
      const file = { path, size_bytes, content: newContentName() };
      try {
        reserve(size_bytes);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        present = { file, handle: await open(join(folder, file.content), 'wx', 0o600) };
      } catch {
        failed.add(path);
      }
    },
    async write(piece) {
      if (present === undefined) return;
      const { file, handle } = present;
      try {
        for (let at = 0; at < piece.length;) at += (await handle.write(piece, at)).bytesWritten;
      } catch {
        await giveUp(file, handle);
      }
    },
    async end(isWhole) {
      if (present === undefined) return;
      const { file, handle } = present;
      if (!isWhole) return giveUp(file, handle);
      present = undefined;
      await handle.close();
      written.set(file.path, file);
    },
  };
  return { sink, written, failed };
}
