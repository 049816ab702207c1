import { pipeline, type Readable, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { HttpAnswer } from './connections.ts';

/** The encodings that {@link decodeBody} reads, for a request's `accept-encoding`. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

/** Lenient, as browsers are: a body without its last bytes is one, too. */
const LENIENT = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(LENIENT),
  'x-gzip': () => createGunzip(LENIENT),
  deflate: () => createInflate(LENIENT),
  br: () => createBrotliDecompress(BROTLI),
};

/** Returns the body of an answer without the encoding that it was sent in. A body in an unknown one stays as it is. */
export function decodeBody({ headers, body }: HttpAnswer): Readable {
  const encoding = String(headers['content-encoding'] ?? '').toLowerCase();
  const createDecoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (createDecoder === undefined) return body;
  // Whoever reads the decoded body gets what goes wrong.
  return pipeline(body, createDecoder(), () => {});
}
