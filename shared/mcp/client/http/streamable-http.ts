import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpAnswer } from '../../../kit/http/connections.ts';
import { isEventStream } from '../../../kit/http/fetch-adapter.ts';
import { encodeHeaderValue } from '../../param-headers.ts';
import type { McpResult } from '../../protocol.ts';
import { type Era, MODERN_REVISION } from '../era.ts';
import { NotMcp } from '../failures.ts';
import type { Message } from '../read-message.ts';
import type { Send } from '../outgoing.ts';
import type { RpcPeer } from '../rpc-peer.ts';
import { createAddress, type HttpLink } from './http-link.ts';
import { failureOf, readAnswer, readStream, type StreamPosition } from './read-answer.ts';

export interface HttpServer {
  /** Names the server in errors. */
  readonly name: string;
  readonly url: URL;
  readonly link: HttpLink;
}

/** Streamable HTTP to one server: each message is posted, and its answer read. */
export interface StreamableHttp {
  readonly send: Send;
  /** Tells the server on every request from now on which revision was agreed on. */
  agreeOn(version: string): void;
  /** Opens the stream of what the server says by itself; with `lastEventId` it goes on after that event. */
  openStream(lastEventId: string | undefined, signal: AbortSignal): Promise<HttpAnswer>;
  /** Ends the session that the server may have made. */
  endSession(): Promise<void>;
}

export interface StreamableHttpOptions {
  readonly server: HttpServer;
  readonly era: Era;
  readonly peer: () => Pick<RpcPeer, 'receive' | 'isWaiting'>;
}

const EVENT_STREAM = 'text/event-stream';
const ACCEPT = `application/json, ${EVENT_STREAM}`;
const SESSION_ID = 'mcp-session-id';
/** Bounds the request that ends a session. */
const END_SESSION_MS = 1_000;
const RESUME_AFTER_MS = 1_000;
const MAX_RESUME_AFTER_MS = 30_000;
/** Streams in a row that bring nothing before a request is given up. */
const MAX_RESUMES = 5;

export function createStreamableHttp({ server, era, peer }: StreamableHttpOptions): StreamableHttp {
  const { name, url, link } = server;
  const address = createAddress(url, link.send);
  const isModern = era === 'modern';
  let session: Readonly<Record<string, string>> = isModern ? { 'mcp-protocol-version': MODERN_REVISION } : {};

  const failed = (answer: HttpAnswer, id: number | undefined): Promise<Error> =>
    failureOf(answer, { name, isModern, id, hadSession: SESSION_ID in session });

  const openStream = (lastEventId: string | undefined, signal: AbortSignal | undefined): Promise<HttpAnswer> => {
    const resumed = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return address.reach({ method: 'GET', headers: { accept: EVENT_STREAM, ...session, ...resumed }, signal });
  };

  /** Reads the answer to request `id`, through the streams that carry it on when the first one breaks. */
  const follow = async (answer: HttpAnswer, id: number, signal: AbortSignal | undefined): Promise<void> => {
    const position: StreamPosition = { lastEventId: undefined, retryMs: undefined };
    const isOver = () => !peer().isWaiting(id);
    const reader = { receive: (message: Message) => peer().receive(message, id), isOver, position };
    let cause = await readAnswer(answer, reader).catch((error: unknown) => error);
    for (let resumes = 0; !isOver(); resumes += 1) {
      const { lastEventId, retryMs = RESUME_AFTER_MS } = position;
      const broken = cause ?? new NotMcp('ended its answer before it was complete');
      if (isModern || lastEventId === undefined || resumes === MAX_RESUMES) throw broken;
      await sleep(Math.min(retryMs, MAX_RESUME_AFTER_MS), undefined, signal === undefined ? {} : { signal });
      // The request may have run, whatever became of the way to its answer.
      const resumed = await openStream(lastEventId, signal).catch(() => undefined);
      if (resumed === undefined) throw broken;
      if (resumed.statusCode !== 200 || !isEventStream(resumed)) {
        await drop(resumed).catch(() => {});
        throw broken;
      }
      cause = await readStream(resumed, reader).catch((error: unknown) => error);
      if (position.lastEventId !== lastEventId) resumes = 0;
    }
  };

  return {
    openStream,
    agreeOn(version) {
      session = { ...session, 'mcp-protocol-version': version };
    },
    async send({ text, id, method, params, headers, signal }) {
      const named = isModern && method !== undefined ? { 'mcp-method': method, ...nameHeader(params) } : {};
      const sent = { 'content-type': 'application/json', accept: ACCEPT, ...session, ...named, ...headers };
      const answer = await address.reach({ method: 'POST', headers: sent, body: text, signal });
      if (answer.statusCode >= 300) throw await failed(answer, id);
      const sessionId = answer.headers[SESSION_ID];
      if (method === 'initialize' && typeof sessionId === 'string') session = { [SESSION_ID]: sessionId };
      // Accepted; a server may answer over the stream of notifications.
      const isEmpty = answer.statusCode === 202 || answer.statusCode === 204;
      if (id === undefined || isEmpty) await drop(answer);
      else await follow(answer, id, signal);
    },
    async endSession() {
      if (!(SESSION_ID in session)) return;
      const headers = { ...session };
      session = {};
      // Best effort: the server may be gone, and most servers expire sessions by themselves.
      await address
        .reach({ method: 'DELETE', headers, signal: AbortSignal.timeout(END_SESSION_MS) })
        .then(drop)
        .catch(() => {});
    },
  };
}

/** Lets go of an answer that nobody reads. A stream might never end. */
async function drop(answer: HttpAnswer): Promise<void> {
  if (isEventStream(answer)) answer.body.on('error', () => {}).destroy();
  else await answer.body.dump();
}

function nameHeader(params: McpResult | undefined): Record<string, string> {
  const named = params?.['name'] ?? params?.['uri'];
  return typeof named === 'string' ? { 'mcp-name': encodeHeaderValue(named) } : {};
}
