import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** A file that a caller has given. */
export interface FileValue {
  readonly bytes: Buffer;
  readonly filename: string | undefined;
  readonly mediaType: string | undefined;
}

const TEXT = 'text/plain; charset=utf-8';

/**
 * Reads a file from an argument: its text, a data: URL, or `{data | text, filename?, media_type?}`.
 * @throws MeshError invalid_arguments; `path` is the argument's.
 */
export function fileOf(value: unknown, path: string): FileValue {
  if (typeof value === 'string') {
    return fromDataUrl(value) ?? { bytes: Buffer.from(value), filename: undefined, mediaType: TEXT };
  }
  if (!isRecord(value)) throw unfit(path, 'must be the text of a file, a data: URL or an object with its data');
  const { data, text, filename, media_type: mediaType } = value;
  const named = {
    filename: typeof filename === 'string' && filename !== '' ? filename : undefined,
    mediaType:
      typeof mediaType === 'string' && mediaType !== '' ? checkedType(mediaType, `${path}.media_type`) : undefined,
  };
  if (typeof text === 'string') return { mediaType: TEXT, bytes: Buffer.from(text), ...given(named) };
  if (typeof data !== 'string') throw unfit(path, 'needs the bytes of the file in base64, as data, or its text');
  const whole = fromDataUrl(data);
  if (whole !== undefined) return { ...whole, ...given(named) };
  return { bytes: bytesOf(data, `${path}.data`), ...named };
}

/** Returns the part of an object that is there. */
const given = (named: Omit<FileValue, 'bytes'>): Pick<FileValue, 'filename'> & Partial<FileValue> => ({
  filename: named.filename,
  ...(named.mediaType === undefined ? {} : { mediaType: named.mediaType }),
});

function bytesOf(base64: string, path: string): Buffer {
  const bytes = decodeBase64(base64);
  if (bytes === undefined) throw unfit(path, 'must be base64');
  return bytes;
}

function decodeBase64(text: string): Buffer | undefined {
  const plain = text.replaceAll(/\s/g, '');
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(plain) ? Buffer.from(plain, 'base64') : undefined;
}

/** https://www.rfc-editor.org/rfc/rfc2397. Returns undefined for any other text, which then is the file itself. */
function fromDataUrl(text: string): FileValue | undefined {
  const comma = text.indexOf(',');
  if (!/^data:/i.test(text) || comma === -1) return undefined;
  const head = text.slice('data:'.length, comma);
  const isBase64 = /;\s*base64$/i.test(head);
  const type = isBase64 ? head.slice(0, head.lastIndexOf(';')) : head;
  if (type !== '' && !isMediaType(type) && !type.startsWith(';')) return undefined;
  const bytes = isBase64 ? decodeBase64(text.slice(comma + 1)) : percentDecoded(text.slice(comma + 1));
  if (bytes === undefined) return undefined;
  return { bytes, filename: undefined, mediaType: isMediaType(type) ? type : TEXT };
}

function percentDecoded(text: string): Buffer | undefined {
  try {
    return Buffer.from(decodeURIComponent(text));
  } catch {
    return undefined;
  }
}

const isMediaType = (type: string): boolean => /^[\w.+-]+\/[\w.+-]+(?:;[\x20-\x3a\x3c-\x7e]+)*$/.test(type);

function checkedType(type: string, path: string): string {
  if (!isMediaType(type)) throw unfit(path, 'must be a media type, such as image/png');
  return type;
}

function unfit(path: string, message: string): MeshError {
  return new MeshError('invalid_arguments', `${path}: ${message}`, { details: [{ path, message }] });
}
