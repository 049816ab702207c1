import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { MeshError } from '../faults/errors.ts';
import { createConnections, type HttpMethod } from './connections.ts';
import { BODY_IDLE_MS } from './json-body.ts';
import { fileRoutes } from './file-routes.ts';
import type { Route, RouteCall, RouteInput } from './route.ts';

export interface RelayOptions {
  /** Names the next service in errors. */
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
}

/** Passes requests on to the same path of the next service, bodies as they come, and its answers back. */
export interface Relay {
  /** @throws MeshError when the next service is out of reach */
  pass(call: RouteCall<RouteInput>): Promise<undefined>;
  close(): Promise<void>;
}

const CONNECT_MS = 2_000;
/** Headers that say what a body is, to the next service and back. Keys and cookies are for one service alone. */
const SENT = ['content-type', 'content-length', 'range', 'accept'];
const RETURNED = [
  ['content-type', 'content-length', 'content-disposition', 'content-range', 'accept-ranges'],
  ['content-security-policy', 'retry-after'],
].flat();

export function createRelay({ name, baseUrl, apiKey }: RelayOptions): Relay {
  const limits = { connectMs: CONNECT_MS, idleMs: 2 * BODY_IDLE_MS, maxResponseBytes: Number.POSITIVE_INFINITY };
  const connections = createConnections({ name, ...limits, perServer: 64 });
  const base = baseUrl.replace(/(?<!\/)\/+$/, '');
  return {
    async pass({ req, res, signal }) {
      const method = methodOf(req);
      const request = {
        method,
        url: new URL(base + req.originalUrl),
        headers: { ...pick(req.headers, SENT), ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }) },
        body: method === 'POST' ? req : undefined,
        signal,
      };
      await connections.exchange(request, async ({ statusCode, headers, body }) => {
        res.writeHead(statusCode, pick(headers, RETURNED));
        await pipeline(body, res).catch((error: unknown) => {
          // What has gone wrong after the headers can only be told by ending the connection.
          if (!isGone(res)) res.destroy();
          if (!signal.aborted) throw error;
        });
      });
      return undefined;
    },
    close: connections.close,
  };
}

const isGone = (res: ServerResponse): boolean => res.destroyed || res.writableEnded;

const pick = (headers: IncomingMessage['headers'], names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

function methodOf({ method }: IncomingMessage): HttpMethod {
  if (method === 'GET' || method === 'HEAD' || method === 'POST' || method === 'DELETE') return method;
  throw new MeshError('invalid_request', `${method} is not passed on`);
}

/** Returns the routes of files for a service that passes them on. */
export const relayedFiles = ({ pass }: Relay): readonly Route[] =>
  fileRoutes({ upload: pass, list: pass, describe: pass, download: pass, remove: pass });
