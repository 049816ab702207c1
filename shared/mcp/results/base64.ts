/** Returns whether text is base64 as every client takes it. Looks at each character once, and copies nothing. */
export function isBase64(text: string): boolean {
  if (text.length % 4 !== 0 || OTHER.test(text)) return false;
  const padding = text.indexOf('=');
  return padding === -1 || padding >= text.length - 2;
}

const OTHER = /[^A-Za-z0-9+/=]/;
const DATA_URL = /^data:(?<type>[\w.+-]+\/[\w.+-]+)?(?:;[\w=.-]+)*,/;

/** Data that was not base64 as it came, and its type if it named one. */
export interface MendedData {
  readonly data: string;
  readonly mimeType?: string | undefined;
}

/** Returns as base64 what is it but for its form: a data URL, lines, the alphabet of URLs, no padding. */
export function mendBase64(text: string): MendedData | undefined {
  const url = DATA_URL.exec(text.slice(0, 256));
  const digits = text
    .slice(url?.[0].length ?? 0)
    .replaceAll(/[\s=]/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  const data = digits.padEnd(Math.ceil(digits.length / 4) * 4, '=');
  return isBase64(data) ? { data, mimeType: url?.groups?.['type'] } : undefined;
}

/** The beginnings of files of each type, in base64. */
const SIGNATURES: readonly (readonly [start: string, mimeType: string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['PHN2Zy', 'image/svg+xml'],
  ['Qk', 'image/bmp'],
];

/** Returns the type of an image by its first bytes. */
export const imageTypeOf = (data: string): string | undefined =>
  SIGNATURES.find(([start]) => data.startsWith(start))?.[1];
