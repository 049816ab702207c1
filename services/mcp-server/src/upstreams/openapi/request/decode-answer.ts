import { promisify } from 'node:util';
import {
  brotliDecompress,
  constants,
  gunzip,
  inflate,
  inflateRaw,
  type InputType,
  zstdDecompress,
  type ZlibOptions,
} from 'node:zlib';
import { TOO_LARGE_CODE } from '@toolmesh/shared/kit/faults/resilience';

type Decode = (body: Buffer, maxOutputLength: number) => Promise<Buffer>;

/** Lenient, as browsers are: a body without its last bytes is one, too. */
const LENIENT: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH };

const zlibDecoder = (decode: (body: InputType, options: ZlibOptions) => Promise<Buffer>): Decode => {
  return (body, maxOutputLength) => decode(body, { ...LENIENT, maxOutputLength });
};
const decodeGzip = zlibDecoder(promisify(gunzip));
const decodeZlib = zlibDecoder(promisify(inflate));
const decodeDeflate = zlibDecoder(promisify(inflateRaw));
/** The low half of the first byte of zlib's format, which is what "deflate" means; some servers leave it out. */
const ZLIB_METHOD = 8;

const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: decodeGzip,
  'x-gzip': decodeGzip,
  deflate: (body, max) => (((body[0] ?? 0) & 0x0f) === ZLIB_METHOD ? decodeZlib(body, max) : decodeDeflate(body, max)),
  br: (body, maxOutputLength) => promisify(brotliDecompress)(body, { maxOutputLength }),
  zstd: (body, maxOutputLength) => promisify(zstdDecompress)(body, { maxOutputLength }),
};

/** More than any server applies, one after the other. */
const MAX_ENCODINGS = 3;

/**
 * Returns a body without the encodings that it was sent in, which services apply unasked. One in an unknown encoding, or
 * that is not in the one it names, stays as it is.
 * @throws an error with TOO_LARGE_CODE for one that has more than `maxBytes` then
 */
export async function decodeAnswer(body: Buffer, encodings: string, maxBytes: number): Promise<Buffer> {
  const named = encodings
    .split(',')
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => encoding !== '' && encoding !== 'identity')
    .toReversed();
  if (named.length > MAX_ENCODINGS) return body;
  let decoded = body;
  for (const encoding of named) {
    const decode = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
    if (decode === undefined || decoded.length === 0) return decoded;
    try {
      decoded = await decode(decoded, maxBytes);
    } catch (error) {
      if (isTooLong(error)) throw Object.assign(new Error(error.message), { code: TOO_LARGE_CODE });
      return decoded;
    }
  }
  return decoded;
}

const isTooLong = (error: unknown): error is Error =>
  Error.isError(error) && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
