import type { Request, Response } from 'express';
import { newClient, serveLegacy } from '../legacy.ts';
import { type Message, type Outcome, type Refusal, type RequestMessage, responseText } from '../messages.ts';
import { type RequestId } from '../../request-id.ts';
import { unsupportedRevision } from '../modern.ts';
import type { Incoming } from '../read-incoming.ts';
import { REVISIONS } from '../revisions.ts';
import type { ReplyChannel, ServeDeps } from '../serve-request.ts';
import type { Session } from '../sessions/session.ts';
import type { McpSessions } from '../sessions/sessions.ts';
import { acceptedBy } from './accept.ts';
import { openAnswer } from './answer.ts';
import { NOT_ALLOWED, refuse, SESSION_NOT_FOUND } from './refuse.ts';

/** The part of the face that clients before 2026-07-28 see. */
export interface LegacyFace {
  servePost(incoming: Incoming, req: Request, res: Response): Promise<void>;
  /** Answers what is no POST. */
  serveOther(req: Request, res: Response): void;
}

const SESSION_ID = 'mcp-session-id';

interface Accompanied {
  readonly req: Request;
  readonly res: Response;
  readonly session: Session | undefined;
  readonly isBatch: boolean;
}

/** Makes the face. `sessions`: undefined where there are none. */
export function createLegacyFace(deps: ServeDeps, sessions: McpSessions | undefined): LegacyFace {
  const allowed = sessions === undefined ? 'POST' : 'GET, POST, DELETE';

  /** Returns the session of a request, undefined for one that has none, or the refusal of one that is unknown. */
  const sessionOf = (req: Request): Session | Refusal | undefined => {
    const id = req.headers[SESSION_ID];
    if (sessions === undefined || typeof id !== 'string') return undefined;
    return sessions.find(id) ?? SESSION_NOT_FOUND;
  };
  const serveInitialize = async (message: RequestMessage, req: Request, res: Response): Promise<void> => {
    const { channel, end } = openAnswer(res, acceptedBy(req.headers.accept));
    if (sessions === undefined) return end(textsOf([message.id, await serveAlone(message, channel, req)]));
    const { outcome, id } = await sessions.open(message);
    if (id !== undefined) res.setHeader(SESSION_ID, id);
    return end(textsOf([message.id, outcome]));
  };
  const serveAlone = (message: RequestMessage, channel: ReplyChannel, { headers }: Request) => {
    const version = headers['mcp-protocol-version'];
    const client = newClient(undefined, typeof version === 'string' ? version : undefined);
    return serveLegacy(deps, message, { client, channel });
  };

  /** Serves messages that have been found right, within their session if they have one. */
  const serve = async (messages: readonly Message[], { req, res, session, isBatch }: Accompanied): Promise<void> => {
    const requests = messages.filter((message) => message.kind === 'request');
    for (const message of messages) if (message.kind !== 'request') session?.peer.receive(message);
    if (requests.length === 0) return void res.writeHead(202).end();
    const accepted = acceptedBy(req.headers.accept);
    const { channel, end } = session?.openAnswer(res, accepted) ?? openAnswer(res, accepted);
    const serveOne = (message: RequestMessage) =>
      session?.peer.request(message, channel) ?? serveAlone(message, channel, req);
    const outcomes = await Promise.all(requests.map(async (message) => [message.id, await serveOne(message)] as const));
    return end(textsOf(...outcomes), { isBatch });
  };

  return {
    async servePost({ messages, isBatch }, req, res) {
      const [first] = messages;
      if (first?.kind === 'request' && first.method === 'initialize') return serveInitialize(first, req, res);
      const session = sessionOf(req);
      const fault = faultOf(req, session);
      if (fault !== undefined) return refuse(res, fault, isBatch ? null : idOf(first));
      return serve(messages, { req, res, session: toSession(session), isBatch });
    },
    serveOther(req, res) {
      const found = sessionOf(req);
      const session = toSession(found);
      const fault = faultOf(req, found);
      if (fault !== undefined) return refuse(res, fault);
      if (session !== undefined && req.method === 'GET') {
        const event = req.headers['last-event-id'];
        const unknown = session.listen(res, typeof event === 'string' && event !== '' ? event : undefined);
        return unknown === undefined ? undefined : refuse(res, unknown);
      }
      if (session !== undefined && req.method === 'DELETE') {
        sessions?.end(String(req.headers[SESSION_ID]));
        return void res.writeHead(200).end();
      }
      res.setHeader('allow', allowed);
      return refuse(res, NOT_ALLOWED);
    },
  };
}

/** Returns the texts of responses; a request without an outcome gets none. */
const textsOf = (...outcomes: readonly (readonly [RequestId, Outcome | undefined])[]): readonly string[] =>
  outcomes.flatMap(([id, outcome]) => (outcome === undefined ? [] : [responseText(id, outcome)]));

const idOf = (message: Message | undefined): RequestId | null =>
  message === undefined || message.kind === 'notification' ? null : message.id;

const toSession = (found: Session | Refusal | undefined): Session | undefined =>
  found === undefined || 'error' in found ? undefined : found;

/** Returns what is wrong with the headers of a request: its session, or its revision, which a client need not name. */
function faultOf({ headers }: Request, found: Session | Refusal | undefined): Refusal | undefined {
  if (found !== undefined && 'error' in found) return found;
  const version = headers['mcp-protocol-version'];
  const isSpoken = version === undefined || REVISIONS.some((known) => known === version);
  return isSpoken ? undefined : unsupportedRevision(String(version), REVISIONS);
}
