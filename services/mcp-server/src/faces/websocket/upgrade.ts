import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Access, refuseKey } from '@toolmesh/shared/kit/http/access';
import { keyOf } from '@toolmesh/shared/kit/http/access/keys';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { openContext } from '@toolmesh/shared/kit/telemetry/request-context';
import { STATUS_CODES } from '@toolmesh/shared/kit/http/node-http';
import type { Tickets } from './tickets.ts';

const PATH = /^\/ws\/tools\/([^/]+)$/;
/** The subprotocol that carries a key, as Kubernetes has it: a browser can send no other header with a WebSocket. */
const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

/**
 * Returns the check of upgrade requests: it returns the tool of one that is let in, and throws as a route would. A key
 * is one of the headers that routes take, a subprotocol or, for old clients, in the address; a ticket replaces it.
 */
export function createUpgradeCheck(access: Access, tickets: Tickets): (request: IncomingMessage) => Promise<string> {
  const admit = async ({ headers, socket }: IncomingMessage, query: URLSearchParams): Promise<void> => {
    const key = keyOf(headers) ?? protocolKey(headers['sec-websocket-protocol']) ?? query.get('api_key') ?? undefined;
    if (access.isKey(key)) return;
    const ticket = query.get('ticket');
    if (key === undefined && ticket !== null) {
      if (tickets.redeem(ticket)) return;
      throw new MeshError('unauthorized', 'This ticket is unknown, used or too old; get another from POST /ws/tickets');
    }
    await refuseKey(access.wrongKeys, key, socket.remoteAddress);
  };
  return async (request) => {
    access.checkAddress(request);
    const { pathname, searchParams } = locationOf(request.url);
    await admit(request, searchParams);
    const name = PATH.exec(pathname)?.[1];
    if (name === undefined) throw new MeshError('not_found', 'There are WebSockets at /ws/tools/{name} only');
    return decode(name);
  };
}

/** Returns the subprotocol to agree on: the first that is no key, or none. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return [...offered].find((protocol) => !protocol.startsWith(BEARER_PROTOCOL)) ?? false;
}

function protocolKey(offered: string | undefined): string | undefined {
  const protocols = offered?.split(',').map((protocol) => protocol.trim()) ?? [];
  const found = protocols.find((protocol) => protocol.startsWith(BEARER_PROTOCOL));
  return found === undefined ? undefined : Buffer.from(found.slice(BEARER_PROTOCOL.length), 'base64url').toString();
}

/** Parses the target of a request. @throws MeshError not_found for one that is no URL */
function locationOf(target = '/'): URL {
  const url = URL.parse(target.startsWith('/') ? `http://localhost${target}` : target);
  if (url === null) throw new MeshError('not_found', 'There are WebSockets at /ws/tools/{name} only');
  return url;
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
    'cache-control: no-store',
    `x-request-id: ${requestId}`,
    'connection: close',
    ...retry,
    ...(error.code === 'unauthorized' ? ['www-authenticate: Bearer'] : []),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
