import { MeshError } from '../../kit/faults/errors.ts';
import { INTERNAL_ERROR, METHOD_NOT_FOUND, ProtocolError } from '../protocol.ts';
import type { ConnectionHandlers } from './handlers.ts';
import { isId, keyOf } from '../request-id.ts';
import type { Message } from './read-message.ts';
import type { RequestClocks } from './request-clocks.ts';
import type { Send } from './outgoing.ts';

type ServerRequest = Message & { kind: 'request' };

/** The requests of a server: elicitation, sampling, roots, ping. */
export interface Questions {
  /** Answers a request of the server when its answer is there. */
  ask(request: ServerRequest): void;
  /** Withdraws a request: its answer is not wanted any more. */
  cancel(id: unknown): void;
  /** Withdraws all of them. */
  close(): void;
}

export interface QuestionsOptions {
  readonly onRequest: ConnectionHandlers['onRequest'] | undefined;
  readonly send: Send;
  readonly clocks: RequestClocks;
}

/** The most requests of one server that wait for an answer of ours. */
const MAX_OPEN = 64;
const KNOWN: ReadonlySet<string> = new Set(['elicitation/create', 'sampling/createMessage', 'roots/list']);

export function createQuestions({ send, clocks, onRequest }: QuestionsOptions): Questions {
  const open = new Map<string, AbortController>();

  const answer = async ({ method, params }: ServerRequest, signal: AbortSignal): Promise<object> => {
    if (method === 'ping') return { result: {} };
    if (onRequest === undefined || !KNOWN.has(method))
      return refusal(METHOD_NOT_FOUND, `${method} is not answered here`);
    try {
      return { result: await clocks.pauseDuring(onRequest({ method, params }, signal)) };
    } catch (thrown) {
      if (thrown instanceof ProtocolError) return refusal(thrown.code, thrown.message, thrown.data);
      return refusal(INTERNAL_ERROR, thrown instanceof MeshError ? thrown.message : 'Internal error');
    }
  };

  return {
    ask(request) {
      const { id } = request;
      const key = keyOf(id);
      // A server that floods gets no answers: each would be a message of ours.
      if (open.size >= MAX_OPEN || open.has(key)) return;
      const withdrawn = new AbortController();
      open.set(key, withdrawn);
      const reply = async () => {
        const outcome = await answer(request, withdrawn.signal);
        if (!withdrawn.signal.aborted) await send({ text: JSON.stringify({ jsonrpc: '2.0', id, ...outcome }) });
      };
      // A server that has gone needs no answer.
      void reply()
        .catch(() => {})
        .finally(() => open.delete(key));
    },
    cancel(id) {
      if (isId(id)) open.get(keyOf(id))?.abort(new Error('The server withdrew it'));
    },
    close() {
      for (const withdrawn of open.values()) withdrawn.abort(new Error('The connection is closed'));
    },
  };
}

const refusal = (code: number, message: string, data?: unknown): object => ({
  error: { code, message, ...(data === undefined ? {} : { data }) },
});
