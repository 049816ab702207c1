import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { BODY_IDLE_MS } from '@toolmesh/shared/kit/http/json-body';
import type { FileRecord } from './file-record.ts';
import type { FileStore, NewFile } from './file-store.ts';

/** The parts of an upload besides its content. */
export interface Upload {
  /** Name of the file; in a form, the form's own name comes first. */
  readonly name: string | undefined;
  readonly session: string | undefined;
}

/**
 * Keeps the body of a request as a file: the first file of a form (`multipart/form-data`), or the body as it is.
 * @throws MeshError invalid_request for a form without a file and a body without a name, payload_too_large
 */
export async function receiveUpload(req: IncomingMessage, store: FileStore, upload: Upload): Promise<FileRecord> {
  const declared = Number(req.headers['content-length'] ?? 0);
  // A form is somewhat longer than its file.
  if (declared > store.maxFileBytes + FORM_BYTES) {
    throw new MeshError('payload_too_large', `The body is larger than ${store.maxFileBytes} bytes`);
  }
  const { socket } = req;
  // One who goes away while the refusal is on its way is not waited for.
  req.on('error', () => {});
  socket.setTimeout(BODY_IDLE_MS);
  try {
    const type = req.headers['content-type'] ?? '';
    if (/^multipart\/form-data\b/i.test(type)) return await receiveForm(req, store, upload);
    if (upload.name === undefined) throw new MeshError('invalid_request', NO_NAME);
    const mimeType = MEDIA_TYPE.exec(type)?.[0].toLowerCase();
    const generic = mimeType === undefined || GENERIC.has(mimeType);
    return await keep(req, store, { ...fileOf(upload, upload.name), mimeType: generic ? undefined : mimeType });
  } finally {
    socket.setTimeout(0);
  }
}

const FORM_BYTES = 16_384;
const NO_NAME =
  'Expected a form (multipart/form-data) with a file, or a body with its name in the query: ?name=data.csv';
const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]{1,80}\/[a-z0-9!#$&^_.+-]{1,80}/i;
/** Types that clients send of themselves, without knowing the file. */
const GENERIC = new Set(['application/octet-stream', 'application/x-www-form-urlencoded']);

const fileOf = ({ session }: Upload, path: string): NewFile => ({
  path,
  ...(session === undefined ? {} : { session }),
  isDurable: true,
});

async function keep(content: Readable, store: FileStore, file: NewFile): Promise<FileRecord> {
  const writer = await store.create(file);
  try {
    // A refusal is answered before the rest of a body has come: the stream stays open for that.
    for await (const piece of content.iterator({ destroyOnReturn: false })) await writer.write(piece);
    return await writer.commit();
  } finally {
    await writer.discard();
  }
}

async function receiveForm(req: IncomingMessage, store: FileStore, upload: Upload): Promise<FileRecord> {
  const kept = Promise.withResolvers<FileRecord>();
  const form = openForm(req);
  let hasFile = false;
  // oxlint-disable-next-line eslint/max-params -- the parameters of busboy's event
  form.on('file', (_field, content, filename, _encoding, mimeType) => {
    if (hasFile) return void content.resume();
    hasFile = true;
    const type = GENERIC.has(mimeType) ? undefined : MEDIA_TYPE.exec(mimeType)?.[0].toLowerCase();
    const file = { ...fileOf(upload, upload.name ?? filename ?? 'file'), mimeType: type };
    keep(content, store, file).then(kept.resolve, (error: unknown) => {
      kept.reject(error);
      content.resume();
    });
  });
  form.once('finish', () => {
    if (!hasFile) kept.reject(new MeshError('invalid_request', 'The form has no file'));
  });
  form.once('error', (error) => kept.reject(badForm(error)));
  req.once('close', () => {
    if (!req.complete) kept.reject(new MeshError('invalid_request', 'The form was cut off'));
  });
  req.pipe(form);
  try {
    return await kept.promise;
  } finally {
    req.unpipe(form);
    form.on('error', () => {});
    req.resume();
  }
}

function openForm({ headers }: IncomingMessage) {
  try {
    const { 'content-type': type = '' } = headers;
    return new Busboy({ headers: { 'content-type': type }, limits: { fields: 16, fieldSize: 4_096, parts: 32 } });
  } catch (error) {
    throw badForm(error);
  }
}

const badForm = (cause: unknown): MeshError =>
  new MeshError('invalid_request', `The form cannot be read: ${Error.isError(cause) ? cause.message : 'malformed'}`, {
    cause,
  });
