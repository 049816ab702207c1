import type { Request, RequestHandler, Response } from 'express';
import { leaveOpen } from '../../../kit/http/app.ts';
import { createEventStream } from '../../../kit/http/sse.ts';
import type { Logger } from '../../../kit/telemetry/logger.ts';
import type { McpService } from '../mcp-service.ts';
import { type Message, type RequestMessage, responseText } from '../messages.ts';
import { claimedRevision, readEnvelope, serveModern } from '../modern.ts';
import { isModernRevision } from '../revisions.ts';
import { createMcpSessions } from '../sessions/sessions.ts';
import { createSubscriptions, LISTEN } from '../subscriptions.ts';
import { acceptedBy } from './accept.ts';
import { openAnswer } from './answer.ts';
import { createHeaderCheck } from './check-headers.ts';
import { createLegacyFace } from './legacy-face.ts';
import { createPostReader } from './read-post.ts';
import { refuse, UNPARSED } from './refuse.ts';

export interface McpFaceOptions {
  readonly service: McpService;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
  /** False where every request stands for itself, so that any replica can answer it. */
  readonly hasSessions: boolean;
}

export interface McpFace {
  readonly handler: RequestHandler;
  /** Ends all sessions and streams. */
  close(): void;
}

/**
 * Serves MCP over Streamable HTTP: 2026-07-28 without any state, and the eras before on the same URL. Clients of those
 * get a session if they ask for one, over which list changes, log messages and questions reach them.
 */
export function createMcpFace(options: McpFaceOptions): McpFace {
  const { service, logger, maxBodyBytes, hasSessions } = options;
  const deps = { service, logger };
  const sessions = hasSessions ? createMcpSessions(deps) : undefined;
  const subscriptions = createSubscriptions(service);
  const checkHeaders = createHeaderCheck(service);
  const legacy = createLegacyFace(deps, sessions);
  const readPost = createPostReader(maxBodyBytes);

  const serveModernPost = async (message: RequestMessage, req: Request, res: Response): Promise<void> => {
    const envelope = readEnvelope(message);
    const fault = 'error' in envelope ? envelope : checkHeaders(message, envelope.revision, req.headers);
    if (fault !== undefined || 'error' in envelope) return refuse(res, fault ?? UNPARSED, message.id);
    if (message.method === LISTEN) return listen(message, res);
    const { channel, end } = openAnswer(res, acceptedBy(req.headers.accept));
    const outcome = await serveModern(deps, message, { envelope, channel });
    return end([responseText(message.id, outcome)], { status: 'error' in outcome ? outcome.status : undefined });
  };
  const listen = (message: RequestMessage, res: Response): void => {
    const stream = createEventStream(res);
    const send = (text: string) => stream.sendText(text, { event: 'message' });
    const subscription = subscriptions.open(message, {
      send,
      end(text) {
        send(text);
        stream.end();
      },
    });
    if ('error' in subscription) return refuse(res, subscription, message.id);
    leaveOpen(res);
    res.once('close', subscription.close);
  };
  const servePost = async (req: Request, res: Response): Promise<void> => {
    const incoming = await readPost(req, res);
    if (incoming === undefined) return undefined;
    const [message] = incoming.messages;
    if (message === undefined || incoming.isBatch || !isModern(message, req))
      return legacy.servePost(incoming, req, res);
    if (message.kind === 'request') return serveModernPost(message, req, res);
    // Nothing that a client of this era may notify of concerns a server without state.
    return void res.writeHead(202).end();
  };
  return {
    handler: (req, res) => (req.method === 'POST' ? servePost(req, res) : legacy.serveOther(req, res)),
    close() {
      subscriptions.close();
      sessions?.close();
    },
  };
}

/** Tells the era of a message: a request says it in its body, and may say it in a header; others only there. */
function isModern(message: Message, { headers }: Request): boolean {
  if (message.kind === 'request' && claimedRevision(message) !== undefined) return true;
  const version = headers['mcp-protocol-version'];
  return typeof version === 'string' && isModernRevision(version);
}
