import { Buffer } from 'buffer/index.js';
import { DOMException } from './dom-exception.ts';

/** Encodes a string of bytes. @throws DOMException for a character that is none */
export function btoa(data: unknown): string {
  const text = String(data);
  if (/[^\0-\xff]/.test(text)) throw new DOMException('Invalid character', 'InvalidCharacterError');
  return Buffer.from(text, 'latin1').toString('base64');
}

/** Decodes to a string of bytes. @throws DOMException for what is not base64 */
export function atob(data: unknown): string {
  const text = String(data).replace(/[\t\n\f\r ]/g, '');
  const bare = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text;
  if (bare.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(bare)) {
    throw new DOMException('The string to be decoded is not correctly encoded.', 'InvalidCharacterError');
  }
  return Buffer.from(bare, 'base64').toString('latin1');
}
