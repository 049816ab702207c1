import type { InputFile } from '@toolmesh/shared/contracts/execution';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { FileStore } from '../files/file-store.ts';
import { WRITABLE_BYTES } from '../jail/jail.ts';
import type { FileToSend } from '../workers/file-frames.ts';

/** @throws MeshError invalid_arguments for more than the working directory holds: a part of a file would be worse than none */
function refuseTooMuch(files: readonly FileToSend[]): readonly FileToSend[] {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (bytes <= WRITABLE_BYTES) return files;
  const message = `are ${bytes} bytes together; the working directory holds ${WRITABLE_BYTES}`;
  throw new MeshError('invalid_arguments', `Arguments of execute_code: files: ${message}`, {
    details: [{ path: 'files', message }],
  });
}

/**
 * Returns the files of a call as they are sent to its worker: content of the call itself, and kept files by their ids.
 * @throws MeshError invalid_arguments for a file that is not kept, or no longer, and for more than there is room for
 */
export const filesToSend = (given: readonly InputFile[], files: FileStore): readonly FileToSend[] =>
  refuseTooMuch(given.map((file, i) => toSend(file, i, files)));

function toSend(file: InputFile, i: number, files: FileStore): FileToSend {
  if (file.file_id !== undefined) return keptFile(file.path, file.file_id, { files, place: `files[${i}].file_id` });
  const content = Buffer.from(file.content ?? '', file.encoding);
  return { path: file.path, sizeBytes: content.length, isGiven: true, read: () => [content] };
}

interface Place {
  readonly files: FileStore;
  /** Names the argument in errors. */
  readonly place: string;
}

function keptFile(path: string, id: string, { files, place }: Place): FileToSend {
  const { size_bytes } = find(id, { files, place });
  const read = async function* (): AsyncGenerator<Buffer> {
    const handle = await files.read(id);
    for await (const piece of handle.createReadStream()) yield Buffer.from(piece);
  };
  return { path, sizeBytes: size_bytes, isGiven: true, read };
}

function find(id: string, { files, place }: Place) {
  try {
    return files.find(id);
  } catch (cause) {
    const message = 'is no kept file, or no longer: upload it again by POST /files';
    throw new MeshError('invalid_arguments', `Arguments of execute_code: ${place}: ${message}`, {
      cause,
      details: [{ path: place, message }],
    });
  }
}
