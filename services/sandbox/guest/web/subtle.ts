import { DOMException } from './dom-exception.ts';
import { bytesOf, hasherOf, hmacOf } from '../node/hashes.ts';

type Algorithm = string | { readonly name: string; readonly hash?: Algorithm };

const nameOf = (algorithm: Algorithm): string => (typeof algorithm === 'string' ? algorithm : algorithm.name);
const bufferOf = (bytes: Uint8Array): ArrayBufferLike => new Uint8Array(bytes).buffer;

class CryptoKey {
  readonly #bytes: Uint8Array;
  readonly type = 'secret';
  readonly algorithm: { readonly name: string; readonly hash: { readonly name: string } };
  readonly extractable: boolean;
  readonly usages: readonly string[];

  constructor(
    bytes: Uint8Array,
    hash: string,
    given: { readonly extractable: boolean; readonly usages: readonly string[] },
  ) {
    this.#bytes = bytes;
    this.algorithm = { name: 'HMAC', hash: { name: hash } };
    this.extractable = given.extractable;
    this.usages = given.usages;
  }

  static sign(key: CryptoKey, data: unknown): Uint8Array {
    const hasher = hmacOf(key.algorithm.hash.name, key.#bytes);
    hasher.update(bytesOf(data));
    return hasher.digest();
  }

  static bytesOf(key: CryptoKey): Uint8Array {
    return key.#bytes;
  }
}

const refuse = (name: string): never => {
  throw new DOMException(
    `crypto.subtle has SHA-1, SHA-256, SHA-384, SHA-512 and HMAC in the isolate, not ${name}; real Node needs the namespaces jail`,
    'NotSupportedError',
  );
};
const missing = (name: string) => async () => refuse(name);

/** The part of SubtleCrypto that an isolate has. */
export const subtle = {
  async digest(algorithm: Algorithm, data: unknown) {
    const hasher = hasherOf(nameOf(algorithm));
    hasher.update(bytesOf(data));
    return bufferOf(hasher.digest());
  },
  async importKey(
    ...[format, data, algorithm, extractable, usages]: readonly [string, unknown, Algorithm, boolean, readonly string[]]
  ) {
    if (format !== 'raw' || nameOf(algorithm) !== 'HMAC' || typeof algorithm === 'string')
      return refuse(nameOf(algorithm));
    return new CryptoKey(bytesOf(data).slice(), nameOf(algorithm.hash ?? 'SHA-256'), { extractable, usages });
  },
  exportKey: async (_format: string, key: CryptoKey) => bufferOf(CryptoKey.bytesOf(key)),
  sign: async (_algorithm: Algorithm, key: CryptoKey, data: unknown) => bufferOf(CryptoKey.sign(key, data)),
  async verify(...[, key, signature, data]: readonly [Algorithm, CryptoKey, unknown, unknown]) {
    const [own, given] = [CryptoKey.sign(key, data), bytesOf(signature)];
    return own.length === given.length && own.every((byte, i) => byte === given[i]);
  },
  encrypt: missing('encrypt'),
  decrypt: missing('decrypt'),
  generateKey: missing('generateKey'),
  deriveBits: missing('deriveBits'),
  deriveKey: missing('deriveKey'),
  wrapKey: missing('wrapKey'),
  unwrapKey: missing('unwrapKey'),
};
