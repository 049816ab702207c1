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
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A port that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = await serveRaw(() => {});
  await server.stop();
  return server.port;
}
