import { MeshError } from '../../../kit/faults/errors.ts';
import { INTERNAL_ERROR, type McpRequest, type McpResult, ProtocolError } from '../../protocol.ts';
import { notificationText, type Outcome, type ResponseMessage } from '../messages.ts';
import { keyOf } from '../../request-id.ts';

/** The requests of ours that a client has not answered yet. */
export interface Questions {
  /**
   * Puts a request to the client and returns its answer.
   * @throws ProtocolError for a refusal of the client; MeshError upstream_timeout; the reason of `signal`
   */
  ask(request: McpRequest, options: AskOptions): Promise<McpResult>;
  /** Takes an answer. One to no question is ignored: it came too late. */
  answer(message: ResponseMessage): void;
}

export interface AskOptions {
  readonly signal: AbortSignal;
  readonly send: (text: string) => void;
}

const MAX_OPEN = 64;
/** Time for a user to answer. */
const ANSWER_TIMEOUT_MS = 300_000;

/** Keeps the questions to one client. */
export function createQuestions(answerTimeoutMs = ANSWER_TIMEOUT_MS): Questions {
  const open = new Map<string, (outcome: Outcome) => void>();
  let lastId = 0;
  return {
    async ask(request, { signal, send }) {
      signal.throwIfAborted();
      if (open.size >= MAX_OPEN) {
        throw new ProtocolError(INTERNAL_ERROR, `The client has ${MAX_OPEN} questions to answer already`);
      }
      const id = (lastId += 1);
      const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
      const late = () =>
        reject(new MeshError('upstream_timeout', `The client did not answer within ${answerTimeoutMs / 1_000} s`));
      const leave = () => reject(signal.reason);
      const timer = setTimeout(late, answerTimeoutMs);
      signal.addEventListener('abort', leave, { once: true });
      open.set(keyOf(id), resolve);
      try {
        send(JSON.stringify({ jsonrpc: '2.0', id, ...request }));
        return resultOf(await promise);
      } catch (error) {
        if (!(error instanceof ProtocolError)) {
          send(notificationText({ method: 'notifications/cancelled', params: { requestId: id } }));
        }
        throw error;
      } finally {
        open.delete(keyOf(id));
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
      }
    },
    answer: ({ id, outcome }) => open.get(keyOf(id))?.(outcome),
  };
}

function resultOf(outcome: Outcome): McpResult {
  if ('result' in outcome) return outcome.result;
  const { code, message, data } = outcome.error;
  throw new ProtocolError(code, message, data);
}
