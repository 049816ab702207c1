import { randomBytes } from 'node:crypto';
import { FileId } from '@toolmesh/shared/contracts/files';
import { contentType } from 'mime-types';
import { z } from 'zod';

/** A kept file as it is recorded beside its content. */
export const FileRecord = z.object({
  id: FileId,
  name: z.string(),
  mime_type: z.string(),
  size_bytes: z.int().min(0),
  /** Milliseconds since 1970. */
  created_ms: z.number(),
  expires_ms: z.number(),
  /** Digest of the session that the file came from; null for uploads and programs without a session. */
  session: z.string().nullable(),
  /** The caller that the file belongs to; null while callers have no names. */
  owner: z.string().nullable(),
});
export type FileRecord = z.output<typeof FileRecord>;

export const newFileId = (): string => `file_${randomBytes(16).toString('base64url')}`;

const MAX_NAME_CHARS = 255;

/** Returns the last part of a path as a name that can be shown and sent in a header: no control characters, not endless. */
export function fileName(path: string): string {
  const last = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const plain = last.replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]/g, '_').toWellFormed();
  const cut = plain.slice(0, MAX_NAME_CHARS).replace(/[\uD800-\uDBFF]$/, '');
  return cut === '' || cut === '.' || cut === '..' ? 'file' : cut;
}

/** Returns the media type that the name of a file stands for. */
export function mimeTypeOf(path: string): string {
  const type = contentType(path.slice(path.lastIndexOf('/') + 1));
  return type === false ? 'application/octet-stream' : (type.split(';')[0] ?? type);
}
