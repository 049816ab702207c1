import { Buffer } from 'buffer/index.js';
import { Transform } from 'readable-stream';
import { host } from '../shared/host.ts';
import { webcrypto } from '../web/crypto.ts';
import { createCipher } from './ciphers.ts';
import { bytesOf, type Hasher, hashNames, hmacOf, hasherOf, hkdfOf, pbkdf2Of, scryptOf } from './hashes.ts';

type Callback = (...args: unknown[]) => unknown;
const isCallback = (value: unknown): value is Callback => typeof value === 'function';

/** A hash or an HMAC: of what `update` was given, or of what is written to it as a stream. */
class Hash extends Transform {
  readonly #hasher: Hasher;
  #isOver = false;

  constructor(hasher: Hasher) {
    super({
      transform: (chunk: unknown, _encoding: string, done: () => void) => {
        hasher.update(bytesOf(chunk));
        done();
      },
      flush: (done: (error: null, data: Buffer) => void) => done(null, Buffer.from(hasher.digest())),
    });
    this.#hasher = hasher;
  }

  update(data: unknown, encoding?: string): this {
    if (this.#isOver) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
    this.#hasher.update(bytesOf(data, encoding));
    return this;
  }

  digest(encoding?: string): Buffer | string {
    if (this.#isOver) throw Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' });
    this.#isOver = true;
    return encoded(Buffer.from(this.#hasher.digest()), encoding);
  }

  copy(): Hash {
    return new Hash(this.#hasher.clone());
  }
}

const encoded = (bytes: Buffer, encoding?: string): Buffer | string =>
  encoding === undefined || encoding === 'buffer' ? bytes : bytes.toString(encoding);

const createHash = (name: string): Hash => new Hash(hasherOf(name));
const createHmac = (name: string, key: unknown): Hash => new Hash(hmacOf(name, bytesOf(key)));

function randomBytes(size: number, callback?: unknown): Buffer | undefined {
  const bytes = Buffer.alloc(size);
  // The owner gives this many at once.
  const CHUNK = 65_536;
  for (let at = 0; at < size; at += CHUNK) bytes.set(new Uint8Array(host.randomBytes(Math.min(CHUNK, size - at))), at);
  if (!isCallback(callback)) return bytes;
  host.nextTick(callback, [null, bytes]);
  return undefined;
}

function randomInt(first: number, second?: unknown, third?: unknown): number | undefined {
  const [min, max] = typeof second === 'number' ? [first, second] : [0, first];
  const callback = [second, third].find(isCallback);
  const range = max - min;
  if (!Number.isSafeInteger(range) || range <= 0 || range >= 2 ** 48)
    throw new RangeError('The value of "max" is out of range');
  const limit = 2 ** 48 - (2 ** 48 % range);
  let value: number;
  do value = Number(BigInt(`0x${(randomBytes(6) ?? Buffer.alloc(0)).toString('hex')}`));
  while (value >= limit);
  const result = min + (value % range);
  if (callback === undefined) return result;
  host.nextTick(callback, [null, result]);
  return undefined;
}

function timingSafeEqual(a: unknown, b: unknown): boolean {
  const [left, right] = [bytesOf(a), bytesOf(b)];
  if (left.length !== right.length) throw new RangeError('Input buffers must have the same byte length');
  return left.reduce((difference, byte, i) => difference | (byte ^ (right[i] ?? 0)), 0) === 0;
}

/** Makes a function with a callback of one that returns. */
const later =
  (call: (...args: readonly never[]) => unknown) =>
  (...args: never[]): void => {
    const callback: unknown = args.pop();
    if (!isCallback(callback)) throw new TypeError('The "callback" argument must be of type function');
    try {
      host.nextTick(callback, [null, call(...args)]);
    } catch (error) {
      host.nextTick(callback, [error]);
    }
  };

const refuse = (name: string) => (): never => {
  throw Object.assign(
    new Error(
      `crypto.${name} is not in the isolate: keys and certificates need the namespaces jail, in which JavaScript is real Node`,
    ),
    { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' },
  );
};
const MISSING = [
  'createSign',
  'createVerify',
  'generateKeyPair',
  'generateKeyPairSync',
  'createDiffieHellman',
  'createECDH',
  'publicEncrypt',
  'privateDecrypt',
  'createPrivateKey',
  'createPublicKey',
  'sign',
  'verify',
];

/** Node's `crypto`, as far as hashes, secrets and random numbers go, by the libraries of noble. */
export const crypto = {
  webcrypto,
  subtle: webcrypto.subtle,
  getRandomValues: webcrypto.getRandomValues,
  randomUUID: webcrypto.randomUUID,
  randomBytes,
  pseudoRandomBytes: randomBytes,
  randomInt,
  randomFillSync: (view: Uint8Array) => (view.set(randomBytes(view.length) ?? []), view),
  createHash,
  createHmac,
  hash: (name: string, data: unknown, encoding = 'hex') => createHash(name).update(data).digest(encoding),
  getHashes: () => [...hashNames()],
  getCiphers: () => [
    'aes-128-cbc',
    'aes-128-ctr',
    'aes-128-gcm',
    'aes-192-cbc',
    'aes-192-gcm',
    'aes-256-cbc',
    'aes-256-ctr',
    'aes-256-gcm',
  ],
  timingSafeEqual,
  pbkdf2Sync: pbkdf2Of,
  pbkdf2: later(pbkdf2Of),
  scryptSync: scryptOf,
  scrypt: later(scryptOf),
  hkdfSync: hkdfOf,
  hkdf: later(hkdfOf),
  createCipheriv: (name: string, key: unknown, iv: unknown) =>
    createCipher(name, { key: bytesOf(key), iv: bytesOf(iv), encrypts: true }),
  createDecipheriv: (name: string, key: unknown, iv: unknown) =>
    createCipher(name, { key: bytesOf(key), iv: bytesOf(iv), encrypts: false }),
  ...Object.fromEntries(MISSING.map((name) => [name, refuse(name)])),
};
