import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { hostGuard, isKey, keyOf, originGuard } from '@toolmesh/shared/kit/http/access';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { BaseConfig } from '@toolmesh/shared/kit/service/config';
import { openContext } from '@toolmesh/shared/kit/telemetry/request-context';
import { STATUS_CODES } from '@toolmesh/shared/kit/http/node-http';

/** The settings that decide who may open a WebSocket. */
export type AccessConfig = Pick<BaseConfig, 'HOST' | 'CORS_ORIGINS' | 'ALLOWED_HOSTS' | 'API_KEY'>;

const PATH = /^\/ws\/tools\/([^/]+)$/;

/** Returns the check of upgrade requests: it returns the tool of one that is let in, and throws as a route would. */
export function createUpgradeCheck(config: AccessConfig): (request: IncomingMessage) => string {
  const guards = [hostGuard(config), originGuard(config)];
  const { API_KEY } = config;
  return ({ headers, url = '' }) => {
    for (const guard of guards) guard(headers);
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const key = keyOf(headers) ?? searchParams.get('api_key') ?? undefined;
    if (API_KEY !== undefined && !isKey(API_KEY, key)) {
      throw new MeshError('unauthorized', 'A key is needed: send it as X-API-Key, Authorization: Bearer or ?api_key=');
    }
    const name = PATH.exec(pathname)?.[1];
    if (name === undefined) throw new MeshError('not_found', 'There are WebSockets at /ws/tools/{name} only');
    return decode(name);
  };
}

/** Decodes a name in a URL. One that is not UTF-8 stays as it is, and no tool matches. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Answers an upgrade request as a route answers a request: with a status and an error body. */
export function refuseUpgrade({ headers }: IncomingMessage, socket: Duplex, error: MeshError): void {
  const given = headers['x-request-id'];
  const { requestId } = openContext({ requestId: Array.isArray(given) ? given[0] : given });
  const body = JSON.stringify(error.toBody(requestId));
  const retry = error.retryAfterSeconds === undefined ? [] : [`retry-after: ${Math.ceil(error.retryAfterSeconds)}`];
  const lines = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
    ...retry,
    ...(error.code === 'unauthorized' ? ['www-authenticate: Bearer'] : []),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
