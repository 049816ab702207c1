import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostGuard, isKey, keyOf, originGuard } from '@toolmesh/shared/kit/http/access';
import type { BaseConfig } from '@toolmesh/shared/kit/service/config';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { openContext } from '@toolmesh/shared/kit/telemetry/request-context';
import type { Recorder } from '@toolmesh/shared/kit/telemetry/span';
import type { ToolCatalogue } from '@toolmesh/shared/kit/tools/tool';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { createSocketCalls, type SocketCalls } from './socket-calls.ts';

export interface WebSocketFaceOptions {
  readonly catalogue: ToolCatalogue;
  readonly config: Pick<BaseConfig, 'HOST' | 'CORS_ORIGINS' | 'ALLOWED_HOSTS' | 'API_KEY' | 'MAX_BODY_BYTES'>;
  readonly logger: Logger;
  /** Records a span for each call. */
  readonly tracing?: Recorder | undefined;
  /** Sockets at the same time. Default 1 000. */
  readonly maxSockets?: number;
  /** Calls at the same time on one socket. Default 32. */
  readonly maxCallsPerSocket?: number;
  /** How often a socket is pinged; one that has not answered by the next time is cut off. Default 15 000. */
  readonly pingEveryMs?: number;
  /** A reader this far behind is not reading: its calls are cancelled. Default 4 MiB. */
  readonly maxBacklogBytes?: number;
}

/** `WS /ws/tools/{name}` (contract, section 4). */
export interface WebSocketFace {
  /** Answers the upgrade requests of a server. */
  attach(server: Server): void;
  /** Refuses what is new, gives running calls `graceMs` to end, then closes all sockets. */
  stop(graceMs: number): Promise<void>;
}

interface Connection {
  readonly socket: WebSocket;
  readonly calls: SocketCalls;
  answered: boolean;
}

const PATH = /^\/ws\/tools\/([^/]+)$/;
/** How long a client may take to answer that its socket is closed. */
const CLOSE_MS = 1_000;
/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const GOING_AWAY = 1_001;

export function createWebSocketFace(options: WebSocketFaceOptions): WebSocketFace {
  const { catalogue, config, logger, tracing, maxSockets = 1_000, maxCallsPerSocket = 32 } = options;
  const { pingEveryMs = 15_000, maxBacklogBytes = 4 * 1_024 ** 2 } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: config.MAX_BODY_BYTES,
  });
  const guards = [hostGuard(config), originGuard(config)];
  const connections = new Set<Connection>();
  let isStopping = false;

  /** The tool that a request may use. @throws MeshError as a route would. */
  const admit = ({ headers, url = '' }: IncomingMessage): string => {
    for (const guard of guards) guard(headers);
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const name = PATH.exec(pathname)?.[1];
    if (
      config.API_KEY !== undefined &&
      !isKey(config.API_KEY, keyOf(headers) ?? searchParams.get('api_key') ?? undefined)
    ) {
      throw new MeshError('unauthorized', 'A key is needed: send it as X-API-Key, Authorization: Bearer or ?api_key=');
    }
    if (name === undefined) throw new MeshError('not_found', 'There are WebSockets at /ws/tools/{name} only');
    if (isStopping) throw new MeshError('unavailable', 'The service is shutting down');
    if (connections.size >= maxSockets) {
      throw new MeshError('unavailable', `${maxSockets} WebSockets are open already; try again later`);
    }
    return decode(name);
  };

  const open = (socket: WebSocket, tool: string, { headers }: IncomingMessage): void => {
    const traceparent = typeof headers['traceparent'] === 'string' ? headers['traceparent'] : undefined;
    const calls = createSocketCalls({
      catalogue,
      tool,
      traceparent,
      tracing,
      maxCalls: maxCallsPerSocket,
      logger,
      send: (event) => {
        // Looked at before: a result may be large, and that is not the reader's fault.
        if (socket.bufferedAmount <= maxBacklogBytes) return socket.send(JSON.stringify(event));
        logger.warn({ tool, bytes: socket.bufferedAmount }, 'a WebSocket does not read and is cut off');
        drop(connection);
      },
    });
    const connection: Connection = { socket, calls, answered: true };
    connections.add(connection);
    socket.on('message', (data: RawData, isBinary: boolean) => {
      // Binary frames are no JSON: they are told so, by an empty text.
      calls.hear(Buffer.isBuffer(data) && !isBinary ? data.toString() : '');
    });
    socket.on('pong', () => {
      connection.answered = true;
    });
    socket.on('error', (error) => logger.debug({ err: error, tool }, 'a WebSocket failed'));
    socket.on('close', () => {
      connections.delete(connection);
      calls.cancelAll(new MeshError('unavailable', 'The caller went away'));
    });
  };

  const drop = ({ socket, calls }: Connection): void => {
    calls.cancelAll(new MeshError('unavailable', 'The caller does not read what it is sent'));
    socket.terminate();
  };

  const pings = setInterval(() => {
    for (const connection of connections) {
      if (!connection.answered) {
        drop(connection);
        continue;
      }
      connection.answered = false;
      connection.socket.ping();
    }
  }, pingEveryMs);
  pings.unref();

  return {
    attach(httpServer) {
      httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        socket.on('error', () => {});
        try {
          const tool = admit(request);
          server.handleUpgrade(request, socket, head, (opened) => open(opened, tool, request));
        } catch (error) {
          refuse(request, socket, MeshError.from(error));
        }
      });
    },
    async stop(graceMs) {
      isStopping = true;
      clearInterval(pings);
      for (const { calls } of connections) calls.refuseMore();
      const deadline = performance.now() + graceMs;
      const isBusy = () => [...connections].some(({ calls }) => calls.active > 0);
      while (isBusy() && performance.now() < deadline) await sleep(10);
      for (const { socket } of connections) socket.close(GOING_AWAY, 'The service is shutting down');
      const closeDeadline = performance.now() + CLOSE_MS;
      while (connections.size > 0 && performance.now() < closeDeadline) await sleep(10);
      for (const connection of connections) drop(connection);
    },
  };
}

/** A name as it was before it was put into the URL; one that is no UTF-8 stays as it is, and no tool has it. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Answers an upgrade as a route answers a request: with a status and an error body. */
function refuse({ headers }: IncomingMessage, socket: Duplex, error: MeshError): void {
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
