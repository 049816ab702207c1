import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { leaveOpen } from '../../../kit/http/app.ts';
import { createEventStream } from '../../../kit/http/sse.ts';
import type { Logger } from '../../../kit/telemetry/logger.ts';
import { INTERNAL_ERROR } from '../../protocol.ts';
import { createDuplexServer, type DuplexServer } from '../duplex.ts';
import type { McpService } from '../mcp-service.ts';
import { type Refusal, refusal } from '../messages.ts';
import { createPostReader } from './read-post.ts';
import { NOT_ALLOWED, refuse, SESSION_NOT_FOUND } from './refuse.ts';

export interface SseFaceOptions {
  readonly service: McpService;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
  /** The path at which `messages` is served. */
  readonly messagesPath: string;
}

/** The two endpoints of HTTP+SSE, the transport of 2024-11-05. */
export interface SseFace {
  /** `GET`: opens the stream on which everything comes, first the address for what the client sends. */
  readonly stream: RequestHandler;
  /** `POST`: takes what the client sends. */
  readonly messages: RequestHandler;
  /** Ends all streams. */
  close(): void;
}

const MAX_SESSIONS = 1_000;
const FULL: Refusal = refusal({ code: INTERNAL_ERROR, message: `${MAX_SESSIONS} streams are open already` }, 503);

interface OpenStream {
  readonly server: DuplexServer;
  close(): void;
}

/** Serves MCP over HTTP+SSE, for clients that know nothing later. Their sessions last as long as their streams. */
export function createSseFace({ service, logger, maxBodyBytes, messagesPath }: SseFaceOptions): SseFace {
  const sessions = new Map<string, OpenStream>();
  const readPost = createPostReader(maxBodyBytes);
  return {
    stream(req, res) {
      if (req.method !== 'GET') return refuse(res.setHeader('allow', 'GET'), NOT_ALLOWED);
      if (sessions.size >= MAX_SESSIONS) return refuse(res.setHeader('retry-after', '1'), FULL);
      const id = randomUUID();
      const events = createEventStream(res);
      const send = (text: string) => events.sendText(text, { event: 'message' });
      const server = createDuplexServer({ service, logger }, { send, isModern: false });
      sessions.set(id, { server, close: events.end });
      leaveOpen(res);
      res.once('close', () => {
        sessions.delete(id);
        server.end();
      });
      return events.sendText(`${messagesPath}?session_id=${id}`, { event: 'endpoint' });
    },
    async messages(req, res) {
      if (req.method !== 'POST') return refuse(res.setHeader('allow', 'POST'), NOT_ALLOWED);
      const { session_id: id } = req.query;
      const session = typeof id === 'string' ? sessions.get(id) : undefined;
      if (session === undefined) return refuse(res, SESSION_NOT_FOUND);
      const incoming = await readPost(req, res);
      if (incoming === undefined) return undefined;
      res.writeHead(202, { 'content-type': 'text/plain' }).end('Accepted');
      return session.server.receive(incoming);
    },
    close: () => sessions.forEach(({ close }) => close()),
  };
}
