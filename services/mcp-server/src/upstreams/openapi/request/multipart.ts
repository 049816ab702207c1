import { randomUUID } from 'node:crypto';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import type { PartForm } from '../document/part-form.ts';
import { isJsonType } from '../document/media-types.ts';
import { fileOf, type FileValue } from './file-value.ts';
import { deepPairs } from './serialize.ts';

export interface Multipart {
  readonly contentType: string;
  readonly body: Buffer;
}

/** A property that is to be written; `path` names it in errors. */
export interface GivenPart {
  readonly name: string;
  readonly value: unknown;
  readonly path: string;
  readonly form: PartForm | undefined;
}

/**
 * Writes a body of multipart/form-data (RFC 7578): a part for each property, and for each item of a list.
 * @throws MeshError invalid_arguments for files that cannot be read
 */
export function writeMultipart(given: readonly GivenPart[]): Multipart {
  const boundary = `toolmesh-${randomUUID()}`;
  const parts = given.filter(({ value }) => value !== undefined && value !== null).flatMap(writePart);
  const pieces = parts.flatMap(({ head, bytes }) => [Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), bytes, CRLF]);
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
  return { contentType: `multipart/form-data; boundary=${boundary}`, body };
}

const CRLF = Buffer.from('\r\n');

interface Part {
  readonly head: string;
  readonly bytes: Buffer;
}

const NO_FORM: PartForm = { isFile: false, contentType: undefined, style: undefined, explode: undefined };

function writePart(part: GivenPart): readonly Part[] {
  const { name, value, path, form = NO_FORM } = part;
  if (isJsonType(form.contentType ?? '')) return [fieldPart(name, JSON.stringify(value), form.contentType)];
  if (form.style === 'deepObject') return deepPairs(name, value).map(([key, text]) => fieldPart(key, text));
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, i) => writePart({ ...part, value: item, path: `${path}.${i}` }));
  }
  if (form.isFile) return [filePart(name, fileOf(value, path), form)];
  if (typeof value === 'string') return [fieldPart(name, value, form.contentType)];
  return [
    fieldPart(name, JSON.stringify(value), form.contentType ?? (isRecord(value) ? 'application/json' : undefined)),
  ];
}

const fieldPart = (name: string, text: string, type?: string): Part => ({
  head: headOf({ name, type }),
  bytes: Buffer.from(text),
});

const DEFAULT_TYPE = 'application/octet-stream';

function filePart(name: string, { bytes, filename, mediaType }: FileValue, { contentType }: PartForm): Part {
  const declared = contentType?.includes('*') === true ? undefined : contentType;
  const type = mediaType ?? declared ?? DEFAULT_TYPE;
  // A part without a file name is a field to most servers, and not a file.
  const fallback = type.startsWith('text/plain') ? 'file.txt' : 'file';
  return { head: headOf({ name, type, filename: filename ?? fallback }), bytes };
}

interface PartHead {
  readonly name: string;
  readonly type?: string | undefined;
  readonly filename?: string | undefined;
}

function headOf({ name, type, filename }: PartHead): string {
  const file = filename === undefined ? '' : `; filename="${quoted(filename)}"`;
  const disposition = `content-disposition: form-data; name="${quoted(name)}"${file}`;
  return type === undefined ? disposition : `${disposition}\r\ncontent-type: ${type}`;
}

/** https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data */
const quoted = (text: string): string =>
  text.toWellFormed().replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
