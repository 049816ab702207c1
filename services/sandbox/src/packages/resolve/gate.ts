import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { portOf } from '@toolmesh/shared/kit/http/listen';
import { printable, Refusal } from '../refusal.ts';
import { createServer } from '@toolmesh/shared/kit/http/node-http';

/** The answer to one request of a resolver. */
export interface GateAnswer {
  readonly contentType: string;
  readonly body: string | Buffer;
}

/**
 * The only way out that a resolver (pip, npm) has: an HTTP proxy on this machine behind which there is nothing but an
 * index of checked packages. So a resolver sees no package, release or file that was not examined, and a dependency
 * on an address of its own leads nowhere.
 */
export interface Gate {
  /** For the resolver's proxy settings. */
  readonly proxyUrl: string;
  /** Aborts with the Refusal of the first thing that the resolver asked for and may not have. */
  readonly refused: AbortSignal;
  close(): void;
}

/** The host of the index behind the gate; RFC 6761 keeps the name from being anything else. */
export const GATE_HOST = 'index.invalid';
export const GATE_ORIGIN = `http://${GATE_HOST}`;

/** Answers with `answer`, given the path. It throws a Refusal for what may not be had; undefined is for what is not there. */
export async function openGate(answer: (path: string) => Promise<GateAnswer | undefined>): Promise<Gate> {
  const refusing = new AbortController();
  const refuse = (error: unknown): void => refusing.abort(error);

  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      const url = new URL(req.url ?? '/', 'http://none.invalid');
      if (url.host !== GATE_HOST || req.method !== 'GET') throw outside(url.host);
      const found = await answer(url.pathname);
      if (found === undefined) return void res.writeHead(404).end('{}');
      res.setHeader('content-type', found.contentType);
      res.end(found.body);
    } catch (error) {
      refuse(error);
      res.writeHead(404).end();
    }
  };
  const server = createServer((req, res) => void serve(req, res));
  server.on('connect', (req, socket) => {
    refuse(outside(req.url ?? ''));
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    proxyUrl: `http://127.0.0.1:${portOf(server)}`,
    refused: refusing.signal,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const outside = (host: string): Refusal =>
  new Refusal('suspicious', `A package wants a file from ${printable(host)}, which is not the index`);
