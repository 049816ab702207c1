import { z } from 'zod';

/** The id of a kept file: 128 random bits, so that nobody finds a file by guessing. Whoever knows it may read the file. */
export const FileId = z
  .string()
  .regex(/^file_[A-Za-z0-9_-]{22}$/, 'must be the id of a file, as POST /files or a result names it');

/** The name of a session of `execute_code`. */
export const SandboxSessionId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ -');

/** A kept file (contract, section 5), without its content. */
export const FileInfo = z.object({
  file_id: FileId,
  id: FileId.describe('The same id, by the name that it has in results'),
  name: z.string().describe('The last part of its path, or the name that it was uploaded under'),
  mime_type: z.string(),
  size_bytes: z.int(),
  created_at: z.string(),
  expires_at: z.string().describe('When it is removed; earlier where newer files need the room'),
  url: z.string().describe('Where its content is downloaded, without a key'),
});
export type FileInfo = z.output<typeof FileInfo>;

export const FileList = z.object({ files: z.array(FileInfo) });
export type FileList = z.output<typeof FileList>;

/** The path of a file's content, at every service that has the routes of files. */
export const contentPath = (id: string): string => `/files/${id}/content`;
