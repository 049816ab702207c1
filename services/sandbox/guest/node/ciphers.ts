import { cbc, ctr, gcm } from '@noble/ciphers/aes.js';
import { Buffer } from 'buffer/index.js';
import { bytesOf } from './hashes.ts';

interface Given {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly encrypts: boolean;
}

const TAG_BYTES = 16;
const NAME = /^aes-?(128|192|256)-(cbc|ctr|gcm)$/i;

const unknownCipher = (): Error =>
  Object.assign(new Error('Unknown cipher: the isolate has aes-128, -192 and -256 in the modes cbc, ctr and gcm'), {
    code: 'ERR_CRYPTO_UNKNOWN_CIPHER',
  });

/**
 * Returns Node's Cipheriv or Decipheriv by noble's AES: what it is given is kept, and comes out by `final`.
 * @throws Error for another cipher, or a key of another length
 */
export function createCipher(name: string, { key, iv, encrypts }: Given) {
  const [, bits, mode = ''] = NAME.exec(name) ?? [];
  if (bits === undefined) throw unknownCipher();
  if (key.length * 8 !== Number(bits)) throw new RangeError('Invalid key length');
  const chunks: Uint8Array[] = [];
  let isPadded = true;
  let aad: Uint8Array | undefined;
  let tag: Uint8Array | undefined;
  const encode = (bytes: Buffer, encoding?: string) => (encoding === undefined ? bytes : bytes.toString(encoding));

  const finish = (): Uint8Array => {
    const data = Buffer.concat(chunks);
    if (mode.toLowerCase() === 'gcm') {
      const cipher = gcm(key, iv, aad);
      if (!encrypts) return cipher.decrypt(Buffer.concat([data, tag ?? Buffer.alloc(TAG_BYTES)]));
      const sealed = cipher.encrypt(data);
      tag = sealed.slice(-TAG_BYTES);
      return sealed.slice(0, -TAG_BYTES);
    }
    const cipher = mode.toLowerCase() === 'ctr' ? ctr(key, iv) : cbc(key, iv, { disablePadding: !isPadded });
    return encrypts ? cipher.encrypt(data) : cipher.decrypt(data);
  };

  return {
    update(data: unknown, inputEncoding?: string, outputEncoding?: string) {
      chunks.push(bytesOf(data, inputEncoding).slice());
      return encode(Buffer.alloc(0), outputEncoding);
    },
    final: (encoding?: string) => encode(Buffer.from(finish()), encoding),
    setAutoPadding(value = true) {
      isPadded = value;
      return this;
    },
    setAAD(data: unknown) {
      aad = bytesOf(data);
      return this;
    },
    getAuthTag: () => Buffer.from(tag ?? new Uint8Array(0)),
    setAuthTag(data: unknown) {
      tag = bytesOf(data);
      return this;
    },
  };
}
