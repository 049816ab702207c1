import { createHash } from 'node:crypto';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { FileClient } from '../file-client.ts';
import type { KeptTurnFile, Turn, TurnFile } from '../run/turns.ts';

/**
 * Keeps the files of conversations, each content once. Pictures go to the model as well, and so are worth no refusal.
 * @throws MeshError by the name of a file that cannot be kept, or that no tool of the run can read
 */
export type KeepFiles = (turns: readonly Turn[], hasPrograms: boolean) => Promise<readonly Turn[]>;

/** Contents whose ids are remembered: pages send a whole conversation with each message. */
const MAX_REMEMBERED = 1_000;
/** Files of one conversation. */
const MAX_FILES = 20;

/**
 * Makes what gives each file of a conversation an id and a path of its own in the working directory of programs. Turns
 * without a file that is new stay the same objects.
 */
export function createKeepFiles(client: FileClient): KeepFiles {
  const known = new Map<string, string>();

  const idOf = async (name: string, { mimeType = 'application/octet-stream', data = '' }: TurnFile) => {
    const content = Buffer.from(data, 'base64');
    const digest = createHash('sha256').update(content).update(`\0${name}`).digest('base64url');
    const id = known.get(digest);
    const kept = id === undefined ? undefined : await client.describe(id).catch(() => undefined);
    if (kept !== undefined) return kept;
    const info = await client.keep({ name, mimeType, content });
    known.set(digest, info.id);
    const [oldest] = known.keys();
    if (known.size > MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
    return info;
  };
  const keep = async (file: TurnFile, paths: Map<string, string>): Promise<KeptTurnFile | undefined> => {
    if (file.fileId !== undefined && file.path !== undefined && file.sizeBytes !== undefined) {
      paths.set(file.path, file.fileId);
      return { ...file, fileId: file.fileId, path: file.path, sizeBytes: file.sizeBytes };
    }
    const wanted = file.name ?? 'file';
    try {
      const info = await (file.fileId === undefined ? idOf(wanted, file) : client.describe(file.fileId));
      const name = file.name ?? info.name;
      const path = freePath(name, info.id, paths);
      paths.set(path, info.id);
      return { name, mimeType: info.mime_type, fileId: info.id, sizeBytes: info.size_bytes, path };
    } catch (error) {
      if (PICTURE.test(file.mimeType ?? '')) return undefined;
      const cause = MeshError.from(error);
      throw new MeshError(cause.code, `${wanted.slice(0, 100)} could not be given to programs: ${cause.message}`, {
        cause,
      });
    }
  };

  return async (turns, hasPrograms) => {
    const paths = new Map<string, string>();
    const kept: Turn[] = [];
    for (const turn of turns) {
      const files = turn.role === 'user' ? (turn.files ?? []) : [];
      if (turn.role !== 'user' || files.length === 0) {
        kept.push(turn);
        continue;
      }
      if (!hasPrograms) refuseUnread(files);
      const named: KeptTurnFile[] = [];
      for (const file of files) {
        const one = await keep(file, paths);
        if (one !== undefined) named.push(one);
      }
      if (paths.size > MAX_FILES)
        throw new MeshError('invalid_request', `A conversation has at most ${MAX_FILES} files`);
      kept.push(files.every(({ path }) => path !== undefined) ? turn : { ...turn, files: named });
    }
    return kept;
  };
}

const PICTURE = /^image\/(?:png|jpeg|gif|webp)$/;

function refuseUnread(files: readonly TurnFile[]): void {
  const unread = files.find(({ mimeType = '', path }) => path === undefined && !PICTURE.test(mimeType));
  if (unread === undefined) return;
  const name = (unread.name ?? unread.fileId ?? 'the file').slice(0, 100);
  throw new MeshError(
    'invalid_request',
    `${name} cannot be read: files are for programs, and execute_code is not offered`,
  );
}

/** Returns a path for a file that no other file of the conversation has: `data.csv`, `data-2.csv`. */
function freePath(name: string, id: string, paths: ReadonlyMap<string, string>): string {
  // oxlint-disable-next-line no-control-regex -- control characters are among what no path has
  const plain = name.replaceAll(/[\\/:\u0000-\u001F\u007F]/g, '_').slice(0, 200);
  const base = /^\.{0,2}$/.test(plain) ? 'file' : plain;
  const dot = base.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [base.slice(0, dot), base.slice(dot)] : [base, ''];
  for (let i = 1; ; i += 1) {
    const path = i === 1 ? base : `${stem}-${i}${extension}`;
    const taken = paths.get(path);
    if (taken === undefined || taken === id) return path;
  }
}
