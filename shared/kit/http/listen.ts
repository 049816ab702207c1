import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './app.ts';
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

/** Time that requests may spend in the network and in the kernel's buffers. */
const DRAIN_MS = 100;

export interface ListenOptions {
  /** 0 picks a free one, which is what tests ask for. */
  readonly port: number;
  readonly host?: string;
  /** Waits, when the server stops, for requests that are on their way. Default: 100 ms. */
  readonly drain?: () => Promise<void>;
}

/** Serves `app`. @throws Error with `code: 'EADDRINUSE'`. */
export async function listen({ handler, traffic }: App, options: ListenOptions): Promise<RunningServer> {
  const { port, host = '127.0.0.1', drain = () => sleep(DRAIN_MS) } = options;
  const server = createServer(handler);
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
