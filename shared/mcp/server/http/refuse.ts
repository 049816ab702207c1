import type { Response } from 'express';
import { INVALID_REQUEST, PARSE_ERROR } from '../../protocol.ts';
import { type Message, readMessage, type Refusal, refusal, type RequestId, responseText } from '../messages.ts';
import { claimedRevision } from '../modern.ts';
import { sendJson } from './answer.ts';

/** Answers with a refusal: of a request, or of something that has no id. */
export const refuse = (res: Response, fault: Refusal, id: RequestId | null = null): void =>
  sendJson(res, [responseText(id, fault)], { status: fault.status });

/** Code of faults that are those of HTTP, and none of JSON-RPC. */
const HTTP_FAULT = -32_000;

export const NOT_JSON: Refusal = refusal(
  { code: HTTP_FAULT, message: 'Unsupported Media Type: Content-Type must be application/json' },
  415,
);
export const UNPARSED: Refusal = refusal({ code: PARSE_ERROR, message: 'Parse error: the body is not JSON' }, 400);
export const NOT_ALLOWED: Refusal = refusal({ code: HTTP_FAULT, message: 'Method not allowed' }, 405);

export const invalidRequest = (reason: string): Refusal =>
  refusal({ code: INVALID_REQUEST, message: `Invalid Request: ${reason}` }, 400);

const MAX_BATCH = 100;

/** Reads a batch, which is refused as a whole if one of its messages is wrong. */
export function readBatch(body: readonly unknown[]): readonly Message[] | Refusal {
  if (body.length === 0) return invalidRequest('the batch is empty');
  if (body.length > MAX_BATCH) return invalidRequest(`a batch may have at most ${MAX_BATCH} messages`);
  const messages: Message[] = [];
  for (const [index, value] of body.entries()) {
    const message = readMessage(value);
    if (message.kind === 'invalid') return invalidRequest(`message ${index} of the batch: ${message.reason}`);
    if (message.kind === 'request' && claimedRevision(message) !== undefined) {
      return invalidRequest(`message ${index} of the batch: its revision has no batches`);
    }
    messages.push(message);
  }
  return messages;
}
