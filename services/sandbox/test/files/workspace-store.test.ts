import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openWorkspaceStore, type WorkspaceStore } from '../../src/workspaces/workspace-store.ts';

const KIB = 1_024;
const HOUR_MS = 3_600_000;

let directory: string;
let now = 0;
const open = (limits: object = {}) =>
  openWorkspaceStore({
    directory,
    maxWorkspaceBytes: 64 * KIB,
    maxBytes: 128 * KIB,
    maxIdleMs: HOUR_MS,
    now: () => now,
    ...limits,
  });
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'toolmesh-workspace-store-'));
  now = 0;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(store: WorkspaceStore, session: string, path: string, content: Buffer, removed: string[] = []) {
  const { sink, commit } = store.write(session);
  await sink.begin({ path, size_bytes: content.length, is_artifact: true });
  await sink.write(content);
  await sink.end(true);
  return commit(removed);
}

async function contents(store: WorkspaceStore, session: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { path, read } of store.files(session)) {
    found[path] = '';
    for await (const piece of read()) found[path] += piece.toString();
  }
  return found;
}

test('a store that is opened again has what was committed, and not a byte of what was not', async () => {
  const store = await open();
  await write(store, 's', 'a/b', Buffer.from('one'));
  await write(store, 's', 'c', Buffer.from('two'));
  // A service that is killed before it commits.
  const { sink } = store.write('s');
  await sink.begin({ path: 'a/b', size_bytes: 3, is_artifact: true });
  await sink.write(Buffer.from('new'));
  await sink.end(true);
  expect(await contents(await open(), 's')).toEqual({ 'a/b': 'one', c: 'two' });
  await write(store, 's', 'c', Buffer.from('TWO'), ['a/b']);
  expect(await contents(await open(), 's')).toEqual({ c: 'TWO' });
  await writeFile(join(directory, (await readdir(directory))[0] ?? '', 'workspace.json'), '{"half":');
  expect(await contents(await open(), 's')).toEqual({});
});

test('a session keeps no more than its quota, and says so', async () => {
  const store = await open();
  expect(await write(store, 's', 'small', Buffer.alloc(KIB, 'a'))).toBe(true);
  expect(await write(store, 's', 'large', Buffer.alloc(80 * KIB))).toBe(false);
  expect(Object.keys(await contents(store, 's'))).toEqual(['small']);
  expect(await write(store, 's', 'more', Buffer.alloc(60 * KIB))).toBe(true);
  expect(await write(store, 's', 'too much', Buffer.alloc(40 * KIB))).toBe(false);
  expect(Object.keys(await contents(store, 's'))).toEqual(['small', 'more']);
});

test('the longest unused make room, and none outlives its time', async () => {
  const store = await open();
  for (const [i, session] of ['first', 'second', 'third'].entries()) {
    now = i;
    await write(store, session, 'x', Buffer.alloc(50 * KIB));
  }
  expect(['first', 'second', 'third'].map((session) => store.describe(session)?.files)).toEqual([undefined, 1, 1]);
  now = HOUR_MS + 1;
  expect(['second', 'third'].map((session) => store.describe(session)?.files)).toEqual([undefined, 1]);
  now += 1;
  expect((await open()).describe('third')).toBeUndefined();
});

test('a snapshot is what the session was, whatever becomes of it', async () => {
  const store = await open();
  await write(store, 's', 'a', Buffer.from('then'));
  const { id } = await store.snapshot('s');
  await write(store, 's', 'a', Buffer.from('now'));
  await store.restore(id, 'other');
  await store.remove('s');
  expect(await contents(store, 'other')).toEqual({ a: 'then' });
  expect(store.snapshots('s')).toMatchObject([{ id, files: 1, bytes: 4 }]);
  await store.removeSnapshot(id);
  await expect(store.restore(id, 'other')).rejects.toMatchObject({ code: 'not_found' });
  await expect(store.snapshot('s')).rejects.toMatchObject({ code: 'not_found' });
  expect(await contents(await open(), 'other')).toEqual({ a: 'then' });
});
