import { createHash, timingSafeEqual } from 'node:crypto';
import cors from 'cors';
import type { RequestHandler } from 'express';
import { type BaseConfig, isLoopback } from './config.ts';
import { MeshError } from './errors.ts';

type AccessConfig = Pick<BaseConfig, 'HOST' | 'CORS_ORIGINS' | 'ALLOWED_HOSTS' | 'API_KEY'>;

/** Probes, metrics and documentation carry nothing secret, and what reads them has no key. */
const OPEN_PATHS = new Set(['/health', '/ready', '/metrics', '/openapi.json']);

const isOpen = (path: string): boolean => OPEN_PATHS.has(path) || path === '/docs' || path.startsWith('/docs/');

/** Who may call: known host names (against DNS rebinding), known web origins, holders of the key but for open paths. */
export function guardAccess(config: AccessConfig, openPaths: readonly string[] = []): readonly RequestHandler[] {
  return [checkHost(config), checkOrigin(config), allowOrigins(config), checkKey(config.API_KEY, openPaths)];
}

function checkHost({ HOST, ALLOWED_HOSTS }: AccessConfig): RequestHandler {
  const names = ALLOWED_HOSTS.length > 0 || !isLoopback(HOST) ? ALLOWED_HOSTS : ['localhost', '127.0.0.1', '[::1]'];
  const allowed = new Set(names.map((name) => name.toLowerCase()));
  return (req, _res, next) => {
    const name = (req.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    if (allowed.size === 0 || allowed.has(name)) return next();
    throw new MeshError('forbidden', 'This host name is not served here; add it to ALLOWED_HOSTS if it should be');
  };
}

/** A page of a foreign origin is refused, not just left without CORS headers: its request would still run. */
function checkOrigin(config: AccessConfig): RequestHandler {
  const allows = originTest(config);
  return (req, _res, next) => {
    const { origin, host } = req.headers;
    if (origin === undefined || allows(origin) || isSameOrigin(origin, host)) return next();
    throw new MeshError('forbidden', 'This web origin may not call; add it to CORS_ORIGINS if it should');
  };
}

/** A page that this very service serves, under whatever name it was reached (which {@link checkHost} has passed). */
const isSameOrigin = (origin: string, host: string | undefined): boolean =>
  host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);

function allowOrigins(config: AccessConfig): RequestHandler {
  const allows = originTest(config);
  return cors({
    origin: (origin, done) => done(null, origin !== undefined && allows(origin)),
    exposedHeaders: ['x-request-id', 'retry-after', 'mcp-protocol-version'],
    maxAge: 600,
  });
}

/** Whether a web origin may call: one of `CORS_ORIGINS`, or by default any port of this machine's own names. */
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
    if (
      isOpen(req.path) ||
      isOpenHere(req.path) ||
      isKey(key, req.get('x-api-key') ?? bearerToken(req.get('authorization')))
    )
      return next();
    res.set('www-authenticate', 'Bearer');
    throw new MeshError('unauthorized', 'A key is needed: send it as X-API-Key or as Authorization: Bearer');
  };
}

const bearerToken = (header: string | undefined) => /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];

/** Compares digests, so that neither the time taken nor a length tells anything about the key. */
export function isKey(key: string, given: string | undefined): boolean {
  if (given === undefined) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(key), digest(given));
}
