import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import { sha224, sha256, sha384, sha512, sha512_256 } from '@noble/hashes/sha2.js';
import { sha3_224, sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js';
import { blake2b, blake2s } from '@noble/hashes/blake2.js';
import { Buffer } from 'buffer/index.js';

/** A hash that is being made. */
export interface Hasher {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
  clone(): Hasher;
}

type HashFunction = typeof sha256 | typeof sha3_256;

const HASHES: ReadonlyMap<string, HashFunction> = new Map<string, HashFunction>([
  ['md5', md5],
  ['sha1', sha1],
  ['ripemd160', ripemd160],
  ['rmd160', ripemd160],
  ['sha224', sha224],
  ['sha256', sha256],
  ['sha384', sha384],
  ['sha512', sha512],
  ['sha512256', sha512_256],
  ['sha3224', sha3_224],
  ['sha3256', sha3_256],
  ['sha3384', sha3_384],
  ['sha3512', sha3_512],
]);
const BLAKE: ReadonlyMap<string, () => Hasher> = new Map<string, () => Hasher>([
  ['blake2b512', () => blake2b.create()],
  ['blake2s256', () => blake2s.create()],
]);

export const hashNames = (): Iterable<string> => [...HASHES.keys(), ...BLAKE.keys()];

const plain = (name: string): string => name.toLowerCase().replace(/^rsa-/, '').replace(/[-/_]/g, '');

/** @throws Error for a name that there is no hash of */
function hashOf(name: string): HashFunction {
  const hash = HASHES.get(plain(name));
  if (hash === undefined)
    throw Object.assign(new Error('Digest method not supported'), { code: 'ERR_OSSL_EVP_UNSUPPORTED' });
  return hash;
}

export const hasherOf = (name: string): Hasher => BLAKE.get(plain(name))?.() ?? hashOf(name).create();
export const hmacOf = (name: string, key: Uint8Array): Hasher => hmac.create(hashOf(name), key);

/** Returns the bytes of text or of a view. */
export function bytesOf(data: unknown, encoding?: string): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, encoding === 'buffer' ? undefined : encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw Object.assign(
    new TypeError(
      `The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received ${data === null ? 'null' : typeof data}`,
    ),
    { code: 'ERR_INVALID_ARG_TYPE' },
  );
}

/** `[password, salt, iterations, length, digest]` */
export const pbkdf2Of = (...[password, salt, c, dkLen, digest]: readonly [unknown, unknown, number, number, string]) =>
  Buffer.from(pbkdf2(hashOf(digest), bytesOf(password), bytesOf(salt), { c, dkLen }));

interface ScryptOptions {
  readonly N?: number;
  readonly cost?: number;
  readonly r?: number;
  readonly blockSize?: number;
  readonly p?: number;
  readonly parallelization?: number;
}

/** `[password, salt, length, options]` */
export const scryptOf = (
  ...[password, salt, dkLen, options = {}]: readonly [unknown, unknown, number, ScryptOptions?]
) => {
  const { N = options.cost ?? 16_384, r = options.blockSize ?? 8, p = options.parallelization ?? 1 } = options;
  return Buffer.from(scrypt(bytesOf(password), bytesOf(salt), { N, r, p, dkLen }));
};

/** `[digest, key, salt, info, length]` */
export const hkdfOf = (...[digest, key, salt, info, length]: readonly [string, unknown, unknown, unknown, number]) =>
  new Uint8Array(hkdf(hashOf(digest), bytesOf(key), bytesOf(salt), bytesOf(info), length)).buffer;
