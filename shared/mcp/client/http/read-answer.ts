import { MeshError } from '../../../kit/faults/errors.ts';
import type { HttpAnswer } from '../../../kit/http/connections.ts';
import { decodeBody } from '../../../kit/http/decode-body.ts';
import { isEventStream } from '../../../kit/http/fetch-adapter.ts';
import { TOO_LARGE_CODE } from '../../../kit/faults/resilience.ts';
import { fairly } from '../../../kit/http/fairly.ts';
import { readEvents } from '../../../kit/http/sse.ts';
import { parseJson } from '../../../kit/json/parse-json.ts';
import {
  HEADER_MISMATCH,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  MISSING_CAPABILITY,
  PARSE_ERROR,
  UNSUPPORTED_VERSION,
} from '../../protocol.ts';
import { HttpFailure, NotMcp, OldTransport } from '../failures.ts';
import { type Message, readMessages } from '../read-message.ts';

/** The position in a stream from which it can be resumed. */
export interface StreamPosition {
  lastEventId: string | undefined;
  /** The pause before it is opened again, as the server wants it. */
  retryMs: number | undefined;
}

export interface AnswerReader {
  readonly receive: (message: Message) => void;
  /** True once no more has to be read. */
  readonly isOver: () => boolean;
  readonly position: StreamPosition;
}

/** The time for which an answer is read on after its response, so that its connection can be used again. */
const REST_MS = 100;

/**
 * Reads the messages of an answer with a status of success, as JSON or as a stream.
 * @throws NotMcp for an answer that holds no message
 */
export async function readAnswer(answer: HttpAnswer, reader: AnswerReader): Promise<void> {
  if (isEventStream(answer)) return readStream(answer, reader);
  const text = await textOf(answer);
  const messages = readMessages(text);
  if (messages.length === 0 && text.trim() !== '') throw notMcp(answer, text);
  for (const message of messages) reader.receive(message);
  return undefined;
}

/** Reads the messages of a stream until it ends, or shortly after no more has to be read. */
export async function readStream(answer: HttpAnswer, { receive, isOver, position }: AnswerReader): Promise<void> {
  const { body } = answer;
  let rest: NodeJS.Timeout | undefined;
  const events = readEvents(fairly(decodeBody(answer)), {
    onRetry: (ms) => {
      position.retryMs = ms;
    },
  });
  try {
    for await (const { event, data, id } of events) {
      if (event === 'endpoint') throw new OldTransport('speaks the transport of 2024');
      if (id !== undefined) position.lastEventId = id;
      for (const message of readMessages(data)) receive(message);
      if (isOver()) rest ??= setTimeout(() => body.destroy(), REST_MS).unref();
    }
  } catch (error) {
    // What is wrong with the rest of an answer concerns nobody.
    if (!isOver()) throw error instanceof SyntaxError ? new NotMcp('sent a stream that is not MCP') : error;
  } finally {
    clearTimeout(rest);
  }
}

/** Reads a body as text, also one that is encoded unasked. @throws an error with TOO_LARGE_CODE for one that is too long */
async function textOf(answer: HttpAnswer): Promise<string> {
  if (answer.headers['content-encoding'] === undefined) return answer.body.text();
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of decodeBody(answer)) {
    const buffer = Buffer.from(piece);
    bytes += buffer.length;
    if (bytes > MAX_BYTES) throw Object.assign(new Error('the answer is too long'), { code: TOO_LARGE_CODE });
    pieces.push(buffer);
  }
  return Buffer.concat(pieces).toString();
}

/** Returns the error for an answer that is no message, by its status and type: a login page, as a rule. */
export function notMcp({ statusCode: status, headers }: HttpAnswer, text = ''): NotMcp {
  const contentType = contentTypeOf(headers);
  const message = `answered with status ${status} and ${contentType ?? 'no content type'}, which is not MCP`;
  return new NotMcp(message, { contentType, excerpt: text.slice(0, MAX_EXCERPT) });
}

/** As long as an answer may be that is not encoded. */
const MAX_BYTES = 64 * 1_024 ** 2;
/** The most characters of a text that is no message which an error keeps. */
const MAX_EXCERPT = 300;

/** Statuses that say more than the message of MCP that may come with them. */
const OF_HTTP: ReadonlySet<number> = new Set([401, 403, 407, 429, 502, 503, 504]);

export interface FailureContext {
  /** Names the server in errors. */
  readonly name: string;
  readonly isModern: boolean;
  /** The request, if it was one. */
  readonly id?: number | undefined;
  /** True if the request named a session, which the server may not know any more. */
  readonly hadSession: boolean;
}

/** Statuses of a server that does not know the session, or not the revision: it may be another one by now. */
const OF_STRANGER: ReadonlySet<number> = new Set([400, 404, 405]);
/** Codes of refusals of 2026-07-28, which need not name the request. */
const OF_MODERN: ReadonlySet<number> = new Set([
  PARSE_ERROR,
  METHOD_NOT_FOUND,
  INVALID_PARAMS,
  HEADER_MISMATCH,
  MISSING_CAPABILITY,
  UNSUPPORTED_VERSION,
]);

/** Reads an answer whose status is no success, and returns the error that it stands for. */
export async function failureOf(answer: HttpAnswer, context: FailureContext): Promise<Error> {
  const { statusCode: status, headers } = answer;
  const text = await textOf(answer).catch(() => '');
  const isSessionUnknown = (context.isModern || context.hadSession) && OF_STRANGER.has(status);
  const [message] = readMessages(text);
  if (message?.kind !== 'error') return foreignFailure(answer, text, { ...context, isSessionUnknown });
  if (!OF_HTTP.has(status) && isOfRequest(message, context, isSessionUnknown)) return message.error;
  return new HttpFailure({ status, ...factsIn(headers), detail: message.error.message, isSessionUnknown });
}

type ForeignContext = Pick<FailureContext, 'name'> & { readonly isSessionUnknown: boolean };

/** Returns the failure of an answer that is no message. */
function foreignFailure({ statusCode: status, headers }: HttpAnswer, text: string, context: ForeignContext): Error {
  const { name, isSessionUnknown } = context;
  const received = text === '' ? undefined : MeshError.fromBody(parseJson(text));
  // Services of ours refuse a request with an error of ours; what is wrong with it is its caller's affair.
  if (received?.code === 'invalid_request') {
    return new MeshError('invalid_request', `${name} refused the request: ${received.message}`);
  }
  const excerpt = text.slice(0, MAX_EXCERPT);
  return new HttpFailure({ status, ...factsIn(headers), detail: received?.message, excerpt, isSessionUnknown });
}

type Refusal = Message & { readonly kind: 'error' };

/** Returns whether a refusal answers the request, rather than whatever it is that the server does not know. */
function isOfRequest({ id, error }: Refusal, context: FailureContext, isSessionUnknown: boolean): boolean {
  if (context.isModern && OF_MODERN.has(error.code)) return true;
  const isNamed = id !== undefined && String(id) === String(context.id);
  return isNamed && (context.isModern || !isSessionUnknown);
}

const factsIn = (headers: HttpAnswer['headers']) => ({
  contentType: contentTypeOf(headers),
  retryAfterSeconds: retryAfter(headers['retry-after']),
  wwwAuthenticate: headers['www-authenticate'] === undefined ? undefined : String(headers['www-authenticate']),
});

const contentTypeOf = (headers: HttpAnswer['headers']): string | undefined =>
  headers['content-type'] === undefined ? undefined : String(headers['content-type']).split(';')[0]?.trim();

function retryAfter(value: string | string[] | undefined): number | undefined {
  if (typeof value !== 'string') return undefined;
  const seconds = /^\d{1,6}$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
