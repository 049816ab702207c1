import cors from 'cors';
import type { RequestHandler } from 'express';
import { MeshError } from '../faults/errors.ts';
import type { BaseConfig } from '../service/config.ts';
import { type Addressed, hostGuard, PROBES } from './access/host.ts';
import { keyOf, keyTest } from './access/keys.ts';
import { originGuard, originTest } from './access/origin.ts';
import { createWrongKeys, type WrongKeys, type WrongKeysOptions } from './access/wrong-keys.ts';

/** The settings that decide who may call. */
export type AccessConfig = Pick<BaseConfig, 'HOST' | 'CORS_ORIGINS' | 'ALLOWED_HOSTS' | 'API_KEY'>;

/** Decides who may call a service, over HTTP and WebSockets alike. */
export interface Access {
  /** Refuses a request by its host and its origin. @throws MeshError invalid_request or forbidden */
  readonly checkAddress: (request: Addressed) => void;
  readonly needsKey: boolean;
  /** Returns whether `given` is the key. True for anything where the service has none. */
  readonly isKey: (given: string | undefined) => boolean;
  readonly wrongKeys: WrongKeys;
}

export function createAccess(config: AccessConfig, options: WrongKeysOptions): Access {
  const [checkHost, checkOrigin] = [hostGuard(config), originGuard(config)];
  const { API_KEY } = config;
  return {
    checkAddress(request) {
      checkHost(request);
      checkOrigin(request);
    },
    needsKey: API_KEY !== undefined,
    isKey: API_KEY === undefined ? () => true : keyTest(API_KEY),
    wrongKeys: createWrongKeys(options),
  };
}

/** Answers whether the sender of a request has the key, where one is needed; for routes that say less without it. */
export const isTrusted = (res: { readonly locals: Readonly<Record<string, unknown>> }): boolean =>
  res.locals['isTrusted'] === true;

export interface GuardOptions {
  readonly access: Access;
  readonly config: AccessConfig;
  /** Paths that need no key, besides the probes and the documentation; `/x/*` is all below `/x/`. */
  readonly openPaths: readonly string[];
}

/** Admits known host names, known web origins, and holders of the key except on open paths. */
export function guardAccess({ access, config, openPaths }: GuardOptions): readonly RequestHandler[] {
  return [
    (req, _res, next) => {
      access.checkAddress(req);
      next();
    },
    allowOrigins(config),
    checkKey(access, openPaths),
  ];
}

function allowOrigins(config: AccessConfig): RequestHandler {
  const allows = originTest(config);
  return cors({
    origin: (origin, done) => done(null, origin !== undefined && allows(origin)),
    exposedHeaders: [
      'x-request-id',
      'x-run-id',
      'retry-after',
      'www-authenticate',
      // A page that cannot read it has no session.
      'mcp-session-id',
      'mcp-protocol-version',
    ],
    maxAge: 600,
  });
}

/** Asks for the key, and marks requests that have it ({@link isTrusted}). */
function checkKey({ isKey, needsKey, wrongKeys }: Access, openPaths: readonly string[]): RequestHandler {
  const isOpenHere = openTest(openPaths);
  return (req, res, next) => {
    const given = keyOf(req.headers);
    if (!needsKey || isKey(given)) {
      res.locals['isTrusted'] = true;
      return next();
    }
    if (isOpenHere(req.path)) {
      if (given !== undefined) wrongKeys.note('api', req.socket.remoteAddress);
      return next();
    }
    res.set('www-authenticate', 'Bearer');
    return refuseKey(wrongKeys, given, req.socket.remoteAddress);
  };
}

/** Refuses a request without the right key. @throws MeshError unauthorized, or rate_limited after too many wrong ones */
export async function refuseKey(
  wrongKeys: WrongKeys,
  given: string | undefined,
  address: string | undefined,
): Promise<never> {
  if (given === undefined) wrongKeys.noteMissing('api');
  else await wrongKeys.punish('api', address);
  throw new MeshError('unauthorized', 'A key is needed: send it as X-API-Key or as Authorization: Bearer');
}

/** Returns the test for paths that are open to everybody: what they say to strangers is not secret. */
function openTest(openPaths: readonly string[]): (path: string) => boolean {
  const prefixes = ['/docs/', ...openPaths.filter((path) => path.endsWith('/*')).map((path) => path.slice(0, -1))];
  const paths = new Set([...PROBES, '/openapi.json', '/docs', ...openPaths]);
  return (path) => paths.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
}
