import type { BaseConfig } from '../../service/config.ts';
import { MeshError } from '../../faults/errors.ts';
import type { Addressed } from './host.ts';

/**
 * Refuses pages of foreign origins, rather than just leave them without CORS headers: their requests would still run.
 * Browsers leave the origin out of some requests, such as those for an image, and then say that they cross sites: only
 * links and typed addresses may. @throws MeshError forbidden, from the function that it returns.
 */
export function originGuard(config: Pick<BaseConfig, 'CORS_ORIGINS'>) {
  const allows = originTest(config);
  return ({ headers, method }: Addressed): void => {
    const { origin, host } = headers;
    if (origin === undefined) {
      if (headers['sec-fetch-site'] !== 'cross-site' || isNavigation(method, headers['sec-fetch-mode'])) return;
      throw new MeshError('forbidden', 'Pages of other sites may not load this; they may only link to it');
    }
    if (allows(origin) || isSameOrigin(origin, host)) return;
    throw new MeshError('forbidden', 'This web origin may not call; add it to CORS_ORIGINS if it should');
  };
}

const isNavigation = (method: string | undefined, mode: string | string[] | undefined): boolean =>
  mode === 'navigate' && (method === 'GET' || method === 'HEAD');

/** Returns whether a page is one that this very service serves, under whatever name; `hostGuard` has passed the name. */
const isSameOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);

/** Tells whether a web origin may call: one of `CORS_ORIGINS`, or by default any port of this machine's own names. */
export function originTest({ CORS_ORIGINS }: Pick<BaseConfig, 'CORS_ORIGINS'>): (origin: string) => boolean {
  const listed = new Set(CORS_ORIGINS);
  if (listed.size > 0) return (origin) => listed.has(origin);
  return (origin) => /^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(origin);
}
