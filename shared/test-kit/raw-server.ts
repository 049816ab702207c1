import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { portOf } from '../kit/http/listen.ts';

/** Serves `listener` on a free port: a peer that can be as slow, broken or silent as a test needs. */
export async function serveRaw(listener: RequestListener, port = 0) {
  const server: Server = createServer(listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = portOf(server);
  return {
    server,
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * Below the ports that systems hand out by themselves, to servers and to clients: nothing takes one of these between
 * the moment that it was found and the moment that a test uses it.
 */
const PORTS = { min: 10_240, max: 32_000 };

/** Returns a port that nothing listens on, and that nothing is given by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.min, PORTS.max);
    const server = await serveRaw(() => {}, port).catch(() => undefined);
    if (server === undefined) continue;
    await server.stop();
    return port;
  }
}
