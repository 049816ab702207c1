import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './app.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type ConnectionLimits, connectionLimits, limitConnections } from './connection-limits.ts';
import { createServer } from './node-http.ts';

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /**
   * Turns `/ready` to 503, serves for a moment what has been sent already, then refuses new requests and gives running
   * ones `graceMs` in all to end. Probes are answered throughout; what still runs when the time is up is cut off.
   */
  stop(graceMs: number): Promise<void>;
}

/** Longer than any client keeps an idle connection, so that we never close one that is just being used. */
const KEEP_ALIVE_MS = 75_000;

/** Time for the head of a request to arrive, from the moment that its connection is open. */
const HEAD_MS = 10_000;
/** Time for a whole request; a body that makes no progress ends sooner (json-body.ts). */
const REQUEST_MS = 120_000;
/** The time between two checks of both. */
const CHECK_EVERY_MS = 2_000;

/** Time that requests may spend in the network and in the kernel's buffers. */
const DRAIN_MS = 100;

export interface ListenOptions {
  /** 0 picks a free one, which is what tests ask for. */
  readonly port: number;
  readonly host?: string;
  /** Waits, when the server stops, for requests that are on their way. Default: 100 ms. */
  readonly drain?: () => Promise<void>;
  /** Bounds of its connections. Default: as many as the process may have, to 4,096. */
  readonly limits?: ConnectionLimits;
  /** Time for the head of a request to arrive. Default: 10 s. */
  readonly headMs?: number;
  /** Hears when connections are turned away. */
  readonly logger?: Logger;
}

/** Serves `app`. @throws Error with `code: 'EADDRINUSE'`. */
export async function listen({ handler, traffic }: App, options: ListenOptions): Promise<RunningServer> {
  const { port, host = '127.0.0.1', drain = () => sleep(DRAIN_MS), headMs = HEAD_MS } = options;
  const checkMs = Math.min(CHECK_EVERY_MS, headMs);
  const server = createServer(
    { headersTimeout: headMs, requestTimeout: REQUEST_MS, connectionsCheckingInterval: checkMs },
    handler,
  );
  limitConnections(server, { limits: options.limits ?? connectionLimits(), logger: options.logger });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, host);
  await once(server, 'listening');
  const bound = portOf(server);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    server,
    async stop(graceMs) {
      const deadline = performance.now() + graceMs;
      traffic.phase = 'draining';
      await atMost(graceMs, drain());
      traffic.phase = 'refusing';
      while (traffic.active > 0 && performance.now() < deadline) await sleep(10);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Waits for `task` for at most `ms`, and leaves no timer behind: it would keep the process from ending. */
async function atMost(ms: number, task: Promise<void>): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([task, sleep(ms, undefined, { signal: over.signal }).catch(() => {})]);
  } finally {
    over.abort();
  }
}

/** Returns the port of a listening server, which port 0 leaves to the system. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('This server does not listen on a port');
  return address.port;
}
