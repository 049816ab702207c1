import { Buffer, constants, kMaxLength, SlowBuffer } from 'buffer/index.js';
import { inspect } from 'node-inspect-extracted';
import { Blob, File } from '../web/blob.ts';
import { atob, btoa } from '../web/base64.ts';

/** Shown as Node shows it: `<Buffer 68 69>`. */
Object.defineProperty(Buffer.prototype, inspect.custom, {
  configurable: true,
  value(this: Uint8Array) {
    const shown = Array.from(this.subarray(0, MAX_SHOWN), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const rest = this.length - MAX_SHOWN;
    const more = rest > 0 ? ` ... ${rest} more byte${rest > 1 ? 's' : ''}` : '';
    return `<Buffer${shown === '' ? '' : ` ${shown}`}${more}>`;
  },
});
const MAX_SHOWN = 50;

const BASE64URL = /^base64url$/i;
const from64url = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');
const to64url = (text: string): string => text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** The encoding that the library does not know. */
function addBase64url(): void {
  const { from, byteLength, isEncoding } = Buffer;
  const { toString, write } = Buffer.prototype;
  const asBase64 = (given: unknown, encoding: unknown) => typeof given === 'string' && BASE64URL.test(String(encoding));
  Object.assign(Buffer, {
    from: (given: unknown, ...rest: readonly unknown[]) =>
      asBase64(given, rest[0])
        ? from(from64url(String(given)), 'base64')
        : Reflect.apply(from, Buffer, [given, ...rest]),
    byteLength: (given: unknown, encoding?: string) =>
      asBase64(given, encoding) ? byteLength(from64url(String(given)), 'base64') : byteLength(given, encoding),
    isEncoding: (name: unknown) => BASE64URL.test(String(name)) || isEncoding(String(name)),
  });
  Object.assign(Buffer.prototype, {
    toString(this: Buffer, encoding?: unknown, ...range: readonly number[]) {
      if (BASE64URL.test(String(encoding))) return to64url(toString.call(this, 'base64', ...range));
      return Reflect.apply(toString, this, [encoding, ...range]);
    },
    write(this: Buffer, text: string, ...rest: unknown[]) {
      return BASE64URL.test(String(rest.at(-1)))
        ? this.write(from64url(text), ...rest.slice(0, -1), 'base64')
        : Reflect.apply(write, this, [text, ...rest]);
    },
  });
}
addBase64url();

const isAscii = (bytes: Uint8Array): boolean => bytes.every((byte) => byte < 0x80);

/** Node's `buffer`, by the package of that name. */
export const buffer = {
  Buffer,
  SlowBuffer,
  constants,
  kMaxLength,
  kStringMaxLength: 2 ** 29 - 24,
  INSPECT_MAX_BYTES: MAX_SHOWN,
  Blob,
  File,
  atob,
  btoa,
  isAscii,
};
export { Buffer };
