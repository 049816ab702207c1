import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../telemetry/logger.ts';
import { networkOf } from './access/address.ts';

export interface ConnectionLimits {
  /** Open connections. */
  readonly max: number;
  /** Connections on which no whole request has come yet, in all. Further ones cost the oldest of them. */
  readonly maxHalfOpen: number;
  /** The same, from one address. */
  readonly maxHalfOpenPerAddress: number;
}

const DEFAULT_MAX = 4_096;
/** A request that is merely slow to arrive is not given up for another one. */
const MIN_AGE_MS = 1_000;
const LOG_EVERY_MS = 60_000;
/** Descriptors that are kept for files and for connections to others. */
const MIN_RESERVE = 16;

/**
 * Returns the limits for at most `wanted` connections, or for as many as the process may have open files: one more would
 * be closed by the system before anything could be said of it, and no file could be opened either.
 */
export function connectionLimits(wanted = DEFAULT_MAX, openFiles = fileLimit()): ConnectionLimits {
  const max = Math.max(1, Math.min(wanted, openFiles));
  return {
    max,
    maxHalfOpen: Math.ceil(max / 2),
    maxHalfOpenPerAddress: Math.ceil(max / 4),
  };
}

/** Returns how many files this process may still open for connections; Infinity where the system does not say. */
function fileLimit(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    const used = readdirSync('/proc/self/fd').length;
    const open = Number(limit) - used;
    return Number.isFinite(open) ? open - Math.max(MIN_RESERVE, Math.floor(open / 4)) : Infinity;
  } catch {
    return Infinity;
  }
}

export interface LimitOptions {
  readonly limits: ConnectionLimits;
  readonly logger?: Logger | undefined;
}

/**
 * Bounds the connections of a server. Whoever opens many and says nothing on them loses the oldest of them, so that
 * requests of others are served all the while. That it happens is logged once a minute.
 */
export function limitConnections(server: Server, { limits, logger }: LimitOptions): void {
  const halfOpen = createHalfOpen(limits);
  let loggedAt = -Infinity;
  const note = (): void => {
    const now = performance.now();
    if (now - loggedAt < LOG_EVERY_MS) return;
    loggedAt = now;
    logger?.warn({ max: limits.max, half_open: halfOpen.size }, 'too many connections: some are closed or turned away');
  };
  const shed = (address: string | undefined): void => {
    if (halfOpen.shed(address)) note();
  };

  server.maxConnections = limits.max;
  server.on('connection', (socket: Socket) => {
    halfOpen.add(socket);
    socket.once('close', () => halfOpen.settle(socket));
    shed(networkOf(socket.remoteAddress));
  });
  server.on('request', ({ socket }: { socket: Socket }) => halfOpen.settle(socket));
  server.on('upgrade', ({ socket }: { socket: Socket }) => halfOpen.settle(socket));
  server.on('drop', () => {
    note();
    shed(undefined);
    // The last resort: those that wait for a next request.
    server.closeIdleConnections();
  });
}

/** The connections on which no whole request has come yet, the oldest first. */
function createHalfOpen({ maxHalfOpen, maxHalfOpenPerAddress }: ConnectionLimits) {
  const since = new Map<Socket, number>();
  const byAddress = new Map<string, Set<Socket>>();
  const addresses = new Map<Socket, string>();

  const settle = (socket: Socket): void => {
    if (!since.delete(socket)) return;
    const address = addresses.get(socket) ?? '';
    addresses.delete(socket);
    const own = byAddress.get(address);
    own?.delete(socket);
    if (own?.size === 0) byAddress.delete(address);
  };
  /** Closes the oldest of some connections while they are more than `most`. Returns whether it closed any. */
  const shedFrom = (sockets: ReadonlySet<Socket> | ReadonlyMap<Socket, number>, most: number): boolean => {
    let hasClosed = false;
    for (const socket of sockets.keys()) {
      const isOld = performance.now() - (since.get(socket) ?? 0) >= MIN_AGE_MS;
      if (sockets.size <= most || !isOld) break;
      settle(socket);
      socket.destroy();
      hasClosed = true;
    }
    return hasClosed;
  };

  return {
    get size() {
      return since.size;
    },
    add(socket: Socket): void {
      const address = networkOf(socket.remoteAddress);
      since.set(socket, performance.now());
      addresses.set(socket, address);
      byAddress.set(address, (byAddress.get(address) ?? new Set()).add(socket));
    },
    settle,
    /** Makes room, first among those of `address`. Returns whether anything was closed. */
    shed(address: string | undefined): boolean {
      const own = address === undefined ? undefined : byAddress.get(address);
      const hasClosed = own !== undefined && shedFrom(own, maxHalfOpenPerAddress);
      return shedFrom(since, maxHalfOpen) || hasClosed;
    },
  };
}
