import { Buffer } from 'buffer/index.js';
import { Deflate, Inflate } from 'pako';
import { Transform } from 'readable-stream';
import { host } from '../shared/host.ts';
import { promisify } from './promisify.ts';

type Options = Readonly<Record<string, unknown>>;
/** A way to pack or unpack, by the names that pako has for it. */
interface Format {
  readonly packs: boolean;
  readonly options: Options;
}

const FORMATS = {
  Deflate: { packs: true, options: {} },
  DeflateRaw: { packs: true, options: { raw: true } },
  Gzip: { packs: true, options: { gzip: true } },
  Inflate: { packs: false, options: {} },
  InflateRaw: { packs: false, options: { raw: true } },
  Gunzip: { packs: false, options: {} },
  Unzip: { packs: false, options: {} },
} as const satisfies Record<string, Format>;

const bytesOf = (data: unknown): Uint8Array => {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw Object.assign(
    new TypeError('The "buffer" argument must be of type string, Buffer, TypedArray, DataView or ArrayBuffer'),
    { code: 'ERR_INVALID_ARG_TYPE' },
  );
};

const failure = (code: number, message: string): Error =>
  Object.assign(new Error(message === '' ? 'unexpected end of file' : message), {
    errno: code,
    code: code === -3 ? 'Z_DATA_ERROR' : 'Z_BUF_ERROR',
  });

/** Opens a stream of pako; `push` returns what came of its bytes. */
function open({ packs, options }: Format, given: Options) {
  const chunks: Uint8Array[] = [];
  const stream = packs ? new Deflate({ ...given, ...options }) : new Inflate({ ...given, ...options });
  stream.onData = (chunk: unknown) => {
    if (chunk instanceof Uint8Array) chunks.push(chunk);
  };
  return {
    push(data: Uint8Array, isLast: boolean): Buffer {
      stream.push(data, isLast);
      if (stream.err) throw failure(stream.err, stream.msg);
      return Buffer.concat(chunks.splice(0));
    },
    isOver: (): boolean => packs || Reflect.get(stream, 'ended') === true,
  };
}

function convertSync(format: Format, data: unknown, options: Options = {}): Buffer {
  const stream = open(format, options);
  const result = stream.push(bytesOf(data), true);
  if (!stream.isOver()) throw failure(-5, 'unexpected end of file');
  return result;
}

function createTransform(format: Format, options: Options = {}): Transform {
  const stream = open(format, options);
  type Done = (error: unknown, data?: Buffer) => void;
  const answer = (data: Uint8Array, isLast: boolean, done: Done) => {
    try {
      done(null, stream.push(data, isLast));
    } catch (error) {
      done(error);
    }
  };
  return new Transform({
    transform: (chunk: unknown, _encoding: string, done: Done) => answer(bytesOf(chunk), false, done),
    flush: (done: Done) =>
      format.packs ? answer(new Uint8Array(0), true, done) : done(stream.isOver() ? null : failure(-5, '')),
  });
}

type Callback = (error: unknown, data?: Buffer) => void;
const isCallback = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === 'function';

const withCallback =
  (format: Format) =>
  (data: unknown, ...rest: readonly unknown[]): void => {
    const callback = rest.at(-1);
    if (!isCallback(callback)) throw new TypeError('The "callback" argument must be of type function');
    const [options] = rest;
    const answer: Callback = (error, result) => host.nextTick(callback, error === null ? [null, result] : [error]);
    try {
      answer(null, convertSync(format, data, typeof options === 'object' && options !== null ? { ...options } : {}));
    } catch (error) {
      answer(error);
    }
  };

const lower = (name: string): string => name[0]?.toLowerCase() + name.slice(1);

function crc32(data: unknown, start = 0): number {
  let crc = ~start;
  for (const byte of bytesOf(data)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const noBrotli = (): never => {
  throw Object.assign(new Error('Brotli and zstd are not in the isolate: use gzip or deflate'), {
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  });
};
const MISSING = ['brotliCompress', 'brotliDecompress', 'zstdCompress', 'zstdDecompress'];

const constants = {
  Z_NO_FLUSH: 0,
  Z_PARTIAL_FLUSH: 1,
  Z_SYNC_FLUSH: 2,
  Z_FULL_FLUSH: 3,
  Z_FINISH: 4,
  Z_BLOCK: 5,
  Z_OK: 0,
  Z_STREAM_END: 1,
  Z_NEED_DICT: 2,
  Z_ERRNO: -1,
  Z_STREAM_ERROR: -2,
  Z_DATA_ERROR: -3,
  Z_MEM_ERROR: -4,
  Z_BUF_ERROR: -5,
  Z_NO_COMPRESSION: 0,
  Z_BEST_SPEED: 1,
  Z_BEST_COMPRESSION: 9,
  Z_DEFAULT_COMPRESSION: -1,
  Z_FILTERED: 1,
  Z_HUFFMAN_ONLY: 2,
  Z_RLE: 3,
  Z_FIXED: 4,
  Z_DEFAULT_STRATEGY: 0,
  BROTLI_PARAM_QUALITY: 1,
};

/** Node's `zlib`, by pako: sync, with callbacks, and as streams. */
export const zlib = {
  constants,
  ...constants,
  crc32,
  ...Object.fromEntries(
    Object.entries(FORMATS).flatMap(([name, format]) => {
      const call = withCallback(format);
      Object.defineProperty(call, promisify.custom, {
        value: async (data: unknown, options?: Options) => convertSync(format, data, options),
      });
      return [
        [lower(name), call],
        [`${lower(name)}Sync`, (data: unknown, options?: Options) => convertSync(format, data, options)],
        [`create${name}`, (options?: Options) => createTransform(format, options)],
      ];
    }),
  ),
  ...Object.fromEntries(
    MISSING.flatMap((name) => [
      [name, noBrotli],
      [`${name}Sync`, noBrotli],
    ]),
  ),
};
