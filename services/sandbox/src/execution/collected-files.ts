import { type ExecutionResult, LIMITS } from '@toolmesh/shared/contracts/execution';
import { type FileStore, type FileWriter } from '../files/file-store.ts';
import { mimeTypeOf } from '../files/file-record.ts';
import { fileUrl } from '../files/file-url.ts';
import type { FileHeader, FileSink } from '../workers/file-frames.ts';

type Artifact = ExecutionResult['artifacts'][number];

/** The files that a program left, as they come from its worker. */
export interface CollectedFiles {
  readonly sink: FileSink;
  /** Returns those that are results, once the sink has all of them. */
  artifacts(): readonly Artifact[];
  /** True when a file was cut off, or the result has not the content of all. */
  isTruncated(): boolean;
}

export interface CollectOptions {
  readonly files: FileStore;
  readonly session: string | undefined;
  /** Most bytes of content in the result itself, of all files together. */
  readonly inlineBytes: number;
  /** Takes all files, results or not. */
  readonly also?: FileSink | undefined;
}

/** A file that is being received. */
interface Receiving {
  readonly header: FileHeader;
  /** Keeps it; undefined when there is no room, or no longer. */
  writer: FileWriter | undefined;
  /** Its content for the result; undefined when that has no room. */
  pieces: Buffer[] | undefined;
  size: number;
}

/** Size up to which a file that is in the result is kept from there. */
const SMALL_BYTES = 256 * 1_024;

const isSmall = ({ header, pieces }: Receiving): boolean => pieces !== undefined && header.size_bytes <= SMALL_BYTES;

/** Keeps what a program left as files by id, and as much of it as a result holds in the result. */
export function collectFiles({ files, session, inlineBytes, also }: CollectOptions): CollectedFiles {
  const collected: (Omit<Artifact, 'url'> & { readonly id?: string })[] = [];
  let present: Receiving | undefined;
  let inlined = 0;
  let isTruncated = false;

  const giveUp = async (file: Receiving): Promise<void> => {
    const { writer } = file;
    file.writer = undefined;
    await writer?.discard();
  };
  const keep = async (file: Receiving, data: Buffer | undefined) =>
    data !== undefined && isSmall(file)
      ? files.keepSmall({ path: file.header.path, session }, data)
      : file.writer?.commit();
  return {
    sink: {
      async begin(header) {
        await also?.begin(header);
        const fits = inlined + header.size_bytes <= inlineBytes;
        const pieces = header.is_artifact && fits ? [] : undefined;
        present = { header, pieces, writer: undefined, size: 0 };
        if (!header.is_artifact || isSmall(present) || header.size_bytes > files.maxFileBytes) return;
        // A full disk costs the link, not the result.
        present.writer = await files.create({ path: header.path, session }).catch(() => undefined);
      },
      async write(piece) {
        await also?.write(piece);
        if (present === undefined) return;
        present.size += piece.length;
        present.pieces?.push(piece);
        await present.writer?.write(piece).catch(() => present && giveUp(present));
      },
      async end(isWhole) {
        await also?.end(isWhole);
        const file = present;
        present = undefined;
        if (file === undefined || !file.header.is_artifact) return;
        if (!isWhole) {
          isTruncated = true;
          return giveUp(file);
        }
        const { path } = file.header;
        const data = file.pieces === undefined ? undefined : Buffer.concat(file.pieces);
        const kept = await keep(file, data).catch(() => undefined);
        inlined += data?.length ?? 0;
        if (data === undefined) isTruncated = true;
        collected.push({
          path,
          mime_type: mimeTypeOf(path),
          size_bytes: file.size,
          ...(data === undefined ? {} : { data: data.toString('base64') }),
          ...(kept === undefined ? {} : { id: kept.id }),
        });
      },
    },
    artifacts: () =>
      collected.map(({ id, ...file }) => ({ ...file, ...(id === undefined ? {} : { id, url: fileUrl(id) }) })),
    isTruncated: () => isTruncated,
  };
}

/** Most bytes of files in a result (contract, section 5). */
export const INLINE_BYTES = LIMITS.artifactsBytes;
