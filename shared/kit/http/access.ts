import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import cors from 'cors';
import type { RequestHandler } from 'express';
import { type BaseConfig, isLoopback } from '../service/config.ts';
import { MeshError } from '../faults/errors.ts';

type AccessConfig = Pick<BaseConfig, 'HOST' | 'CORS_ORIGINS' | 'ALLOWED_HOSTS' | 'API_KEY'>;

/** Probes, metrics and documentation carry nothing secret, and what reads them has no key. */
const OPEN_PATHS = new Set(['/health', '/ready', '/metrics', '/openapi.json']);

const isOpen = (path: string): boolean => OPEN_PATHS.has(path) || path === '/docs' || path.startsWith('/docs/');

/** Admits known host names (against DNS rebinding), known web origins, and holders of the key except on open paths. */
export function guardAccess(config: AccessConfig, openPaths: readonly string[] = []): readonly RequestHandler[] {
  return [
    checkHeaders(hostGuard(config)),
    checkHeaders(originGuard(config)),
    allowOrigins(config),
    checkKey(config.API_KEY, openPaths),
  ];
}

/** Refuses host names that are not served here. @throws MeshError forbidden, from the function that it returns. */
export function hostGuard({ HOST, ALLOWED_HOSTS }: Pick<AccessConfig, 'HOST' | 'ALLOWED_HOSTS'>) {
  const names = ALLOWED_HOSTS.length > 0 || !isLoopback(HOST) ? ALLOWED_HOSTS : ['localhost', '127.0.0.1', '[::1]'];
  const allowed = new Set(names.map((name) => name.toLowerCase()));
  return ({ host = '' }: IncomingHttpHeaders): void => {
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (allowed.size === 0 || allowed.has(name)) return;
    throw new MeshError('forbidden', 'This host name is not served here; add it to ALLOWED_HOSTS if it should be');
  };
}

/**
 * Refuses pages of foreign origins, rather than just leave them without CORS headers: their requests would still run.
 * @throws MeshError forbidden, from the function that it returns.
 */
export function originGuard(config: Pick<AccessConfig, 'CORS_ORIGINS'>) {
  const allows = originTest(config);
  return ({ origin, host }: IncomingHttpHeaders): void => {
    if (origin === undefined || allows(origin) || isSameOrigin(origin, host)) return;
    throw new MeshError('forbidden', 'This web origin may not call; add it to CORS_ORIGINS if it should');
  };
}

const checkHeaders =
  (guard: (headers: IncomingHttpHeaders) => void): RequestHandler =>
  (req, _res, next) => {
    guard(req.headers);
    next();
  };

/** A page that this very service serves, under whatever name it was reached (which {@link hostGuard} has passed). */
const isSameOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);

function allowOrigins(config: AccessConfig): RequestHandler {
  const allows = originTest(config);
  return cors({
    origin: (origin, done) => done(null, origin !== undefined && allows(origin)),
    exposedHeaders: ['x-request-id', 'x-run-id', 'retry-after', 'mcp-protocol-version'],
    maxAge: 600,
  });
}

/** Tells whether a web origin may call: one of `CORS_ORIGINS`, or by default any port of this machine's own names. */
export function originTest({ CORS_ORIGINS }: Pick<AccessConfig, 'CORS_ORIGINS'>): (origin: string) => boolean {
  if (CORS_ORIGINS.includes('*')) return () => true;
  const listed = new Set(CORS_ORIGINS);
  if (listed.size > 0) return (origin) => listed.has(origin);
  return (origin) => /^https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/.test(origin);
}

function checkKey(key: string | undefined, openPaths: readonly string[]): RequestHandler {
  if (key === undefined) return (_req, _res, next) => next();
  const isOpenHere = (path: string) =>
    openPaths.some((open) => (open.endsWith('/*') ? path.startsWith(open.slice(0, -1)) : path === open));
  return (req, res, next) => {
    if (isOpen(req.path) || isOpenHere(req.path) || isKey(key, keyOf(req.headers))) return next();
    res.set('www-authenticate', 'Bearer');
    throw new MeshError('unauthorized', 'A key is needed: send it as X-API-Key or as Authorization: Bearer');
  };
}

/** The key that a request carries, as `X-API-Key` or `Authorization: Bearer`. */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['x-api-key'] ?? /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return Array.isArray(given) ? given[0] : given;
}

/** Compares digests, so that neither the time taken nor a length tells anything about the key. */
export function isKey(key: string, given: string | undefined): boolean {
  if (given === undefined) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(key), digest(given));
}
