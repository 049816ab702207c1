import { INVALID_REQUEST } from '../protocol.ts';
import { type Message, readMessage, type Refusal, refusal } from './messages.ts';
import { type RequestId } from '../request-id.ts';
import { claimedRevision } from './modern.ts';

/** The messages that a client has sent at once: one, or a batch. */
export interface Incoming {
  readonly messages: readonly Message[];
  readonly isBatch: boolean;
}

/** Something that is no message, or no batch, with the id that the refusal goes to. */
export interface Unreadable {
  readonly fault: Refusal;
  readonly id: RequestId | null;
}

const MAX_BATCH = 100;

/** Reads parsed JSON as what a client has sent. A batch is refused as a whole if one of its messages is wrong. */
export function readIncoming(value: unknown): Incoming | Unreadable {
  if (Array.isArray(value)) return readBatch(value);
  const message = readMessage(value);
  if (message.kind === 'invalid') return { fault: invalidRequest(message.reason), id: message.id };
  return { messages: [message], isBatch: false };
}

function readBatch(values: readonly unknown[]): Incoming | Unreadable {
  const refused = (reason: string): Unreadable => ({ fault: invalidRequest(reason), id: null });
  if (values.length === 0) return refused('the batch is empty');
  if (values.length > MAX_BATCH) return refused(`a batch may have at most ${MAX_BATCH} messages`);
  const messages: Message[] = [];
  for (const [index, value] of values.entries()) {
    const message = readMessage(value);
    const problem = message.kind === 'invalid' ? message.reason : problemInBatch(message);
    if (message.kind === 'invalid' || problem !== undefined)
      return refused(`message ${index} of the batch: ${problem}`);
    messages.push(message);
  }
  return { messages, isBatch: true };
}

function problemInBatch(message: Message): string | undefined {
  if (message.kind !== 'request') return undefined;
  if (claimedRevision(message) !== undefined) return 'its revision has no batches';
  return message.method === 'initialize' ? 'initialize may not be part of a batch' : undefined;
}

const invalidRequest = (reason: string): Refusal =>
  refusal({ code: INVALID_REQUEST, message: `Invalid Request: ${reason}` }, 400);
