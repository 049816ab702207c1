import { DOMException } from './dom-exception.ts';
import load from 'lazy:./subtle.ts';
import { host } from '../shared/host.ts';

/** As Web Crypto has it. */
const MAX_RANDOM_BYTES = 65_536;

function getRandomValues<View extends ArrayBufferView>(view: View): View {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (bytes.length > MAX_RANDOM_BYTES) {
    throw new DOMException(
      `At most ${MAX_RANDOM_BYTES} bytes of random numbers can be had at once`,
      'QuotaExceededError',
    );
  }
  bytes.set(new Uint8Array(host.randomBytes(bytes.length)));
  return view;
}

function randomUUID(): string {
  const bytes = getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The parts of Web Crypto that an isolate has: random numbers, digests, HMAC. */
export const webcrypto = {
  getRandomValues,
  randomUUID,
  get subtle(): unknown {
    return load()['subtle'];
  },
};
