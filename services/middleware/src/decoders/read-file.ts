import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { TurnFile } from '../run/turns.ts';

/** The end of a kept file's address, at whatever door of the mesh. */
const KEPT = /(?:^|\/)files\/(file_[A-Za-z0-9_-]{22})\/content$/;
const FILE_ID = /^file_[A-Za-z0-9_-]{22}$/;
const DATA_URL = /^data:([^,;]{0,200})((?:;[^,;]{0,200}){0,8}),/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const IMAGE = /^image\//;
const FILE_TYPES = new Set<unknown>(['file', 'input_file']);

/**
 * Returns the file of a message's part, as OpenAI's clients (`file`, `input_file`) and the AI SDK's write it; undefined for
 * a part that is none.
 * @throws MeshError invalid_request, by the file's name, for one that is neither inline nor kept here
 */
export function readFilePart(part: unknown): TurnFile | undefined {
  if (!isRecord(part) || !FILE_TYPES.has(part['type'])) return undefined;
  const { name, url, id, mimeType } = wordsOf(part);
  if (id !== undefined && FILE_ID.test(id)) return { ...(name === undefined ? {} : { name }), fileId: id };
  const content = readContent(url, mimeType);
  if (content === undefined) throw notReadable(name ?? 'the file', id ?? url);
  return isShown(name, content.mimeType) ? undefined : { ...content, name: name ?? 'file' };
}

/** A picture without a name is one that somebody shows, as a page does; it is read as an image. */
const isShown = (name: string | undefined, mimeType: string): boolean => name === undefined && IMAGE.test(mimeType);

/** Reads a part by the words of all clients. */
function wordsOf(part: Readonly<Record<string, unknown>>) {
  const inner = isRecord(part['file']) ? part['file'] : part;
  const text = (...keys: readonly string[]) =>
    keys.map((key) => inner[key] ?? part[key]).find((value) => typeof value === 'string');
  const url = text('file_data', 'url', 'file_url', 'data') ?? '';
  return {
    url,
    id: KEPT.exec(url)?.[1] ?? text('file_id'),
    name: text('filename', 'name'),
    mimeType: text('mediaType', 'mime_type', 'mimeType'),
  };
}

function readContent(url: string, mimeType: string | undefined) {
  const head = DATA_URL.exec(url);
  if (head === null) {
    // The bare base64 that some clients send with its type beside it.
    return mimeType !== undefined && url !== '' && BASE64.test(url) ? { mimeType, data: url } : undefined;
  }
  const [all, type = '', parameters = ''] = head;
  const body = url.slice(all.length);
  const data = parameters.toLowerCase().endsWith(';base64') ? body.replaceAll(/\s/g, '') : toBase64(body);
  if (data === undefined || !BASE64.test(data)) return undefined;
  return { mimeType: type === '' ? (mimeType ?? 'text/plain') : type, data };
}

function toBase64(text: string): string | undefined {
  try {
    return Buffer.from(decodeURIComponent(text)).toString('base64');
  } catch {
    return undefined;
  }
}

function notReadable(name: string, given: string): MeshError {
  const shown = given === '' ? 'nothing' : `"${given.slice(0, 40)}"`;
  return new MeshError(
    'invalid_request',
    `${name.slice(0, 100)}: a file part needs a data URL, or the id of a file from POST /files; received ${shown}`,
  );
}

/** Returns kept files that a message names by their ids. */
export const filesByIds = (ids: readonly string[]): readonly TurnFile[] => ids.map((fileId) => ({ fileId }));
