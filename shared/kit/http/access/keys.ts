import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Returns the key that a request carries, as `X-API-Key` or `Authorization: Bearer`. */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-api-key'] ?? bearerOf(headers.authorization);
  return Array.isArray(given) ? given[0] : given;
}

/** Returns the key in a header `Authorization: Bearer`. */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  authorization === undefined ? undefined : /^Bearer +(\S+)$/i.exec(authorization)?.[1];

/** Returns the test for `key`. It compares digests, so that neither the time taken nor a length tells anything of it. */
export function keyTest(key: string): (given: string | undefined) => boolean {
  const wanted = digestOf(key);
  return (given) => given !== undefined && timingSafeEqual(digestOf(given), wanted);
}

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer');
