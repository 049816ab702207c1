import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Access, type AccessConfig, createAccess } from '@toolmesh/shared/kit/http/access';
import { networkOf } from '@toolmesh/shared/kit/http/access/address';
import type { BaseConfig } from '@toolmesh/shared/kit/service/config';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Recorder } from '@toolmesh/shared/kit/telemetry/span';
import type { ToolCatalogue } from '@toolmesh/shared/kit/tools/tool';
import { type WebSocket, WebSocketServer } from 'ws';
import { createTickets, type Tickets } from './tickets.ts';
import { createToolSocket, type ToolSocket } from './tool-socket.ts';
import { chooseProtocol, createUpgradeCheck, refuseUpgrade } from './upgrade.ts';

export interface WebSocketFaceOptions {
  readonly catalogue: ToolCatalogue;
  readonly config: AccessConfig & Pick<BaseConfig, 'MAX_BODY_BYTES'>;
  readonly logger: Logger;
  /** Decides who may open a socket. Default: made of the settings. */
  readonly access?: Access;
  /** Replace the key. Default: none are issued. */
  readonly tickets?: Tickets;
  /** Records a span for each call. */
  readonly tracing?: Recorder | undefined;
  /** Sockets at the same time. Default 1 000. */
  readonly maxSockets?: number;
  /** Sockets from one address at the same time. Default 250. */
  readonly maxSocketsPerAddress?: number;
  /** Calls at the same time on one socket. Default 32. */
  readonly maxCallsPerSocket?: number;
  /** Interval of pings; a socket that has not answered by the next one is cut off. Default 15 000. */
  readonly pingEveryMs?: number;
  /** A reader this far behind is not reading: its calls are cancelled. Default 4 MiB. */
  readonly maxBacklogBytes?: number;
}

/** `WS /ws/tools/{name}` (contract, section 4). */
export interface WebSocketFace {
  /** Answers the upgrade requests of a server. */
  attach(server: Server): void;
  /** Refuses new sockets and calls, gives running calls `graceMs` to end, then closes all sockets. */
  stop(graceMs: number): Promise<void>;
}

/** Time for a client to confirm that its socket is closed. */
const CLOSE_MS = 1_000;
/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const GOING_AWAY = 1_001;

export function createWebSocketFace(options: WebSocketFaceOptions): WebSocketFace {
  const { catalogue, config, logger, tracing, maxSockets = 1_000, maxCallsPerSocket: maxCalls = 32 } = options;
  const { pingEveryMs = 15_000, maxBacklogBytes = 4 * 1_024 ** 2, maxSocketsPerAddress = 250 } = options;
  const { access = createAccess(config, { logger }), tickets = createTickets() } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: config.MAX_BODY_BYTES,
    handleProtocols: chooseProtocol,
  });
  const checkUpgrade = createUpgradeCheck(access, tickets);
  /** Each with the address that it came from. */
  const sockets = new Map<ToolSocket, string>();
  let isStopping = false;

  const admit = async (request: IncomingMessage): Promise<string> => {
    const tool = await checkUpgrade(request);
    if (isStopping) throw new MeshError('unavailable', 'The service is shutting down');
    if (sockets.size >= maxSockets) {
      throw new MeshError('unavailable', `${maxSockets} WebSockets are open already; try again later`);
    }
    const address = networkOf(request.socket.remoteAddress);
    const own = sockets.values().reduce((count, other) => (other === address ? count + 1 : count), 0);
    if (own < maxSocketsPerAddress) return tool;
    throw new MeshError('rate_limited', `Your address has ${own} WebSockets open already; close some of them`);
  };
  const open = (socket: WebSocket, tool: string, request: IncomingMessage): void => {
    const { headers } = request;
    const traceparent = typeof headers['traceparent'] === 'string' ? headers['traceparent'] : undefined;
    const onClose = () => sockets.delete(opened);
    const calls = { catalogue, tool, traceparent, tracing, maxCalls, logger };
    const opened = createToolSocket({ ...calls, socket, maxBacklogBytes, onClose });
    sockets.set(opened, networkOf(request.socket.remoteAddress));
  };
  const pings = setInterval(() => sockets.forEach((_address, socket) => socket.ping()), pingEveryMs).unref();

  return {
    attach(httpServer) {
      httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        socket.on('error', () => {});
        admit(request).then(
          (tool) => server.handleUpgrade(request, socket, head, (opened) => open(opened, tool, request)),
          (error: unknown) => refuseUpgrade(request, socket, MeshError.from(error)),
        );
      });
    },
    async stop(graceMs) {
      isStopping = true;
      clearInterval(pings);
      for (const socket of sockets.keys()) socket.refuseMore();
      await untilTrue(() => sockets.keys().every(({ active }) => active === 0), graceMs);
      for (const socket of sockets.keys()) socket.close(GOING_AWAY, 'The service is shutting down');
      await untilTrue(() => sockets.size === 0, CLOSE_MS);
      for (const socket of sockets.keys()) socket.drop();
    },
  };
}

/** Waits until `test` is true, for `ms` at most. */
async function untilTrue(test: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (!test() && performance.now() < deadline) await sleep(10);
}
