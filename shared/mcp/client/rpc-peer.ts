import { MeshError } from '../../kit/faults/errors.ts';
import { MAX_JSON_DEPTH } from '../../kit/json/depth.ts';
import { isRecord } from '../../kit/json/is-record.ts';
import type { McpNotification, McpResult } from '../protocol.ts';
import type { ConnectionHandlers } from './handlers.ts';
import { NotMcp } from './failures.ts';
import type { Send } from './outgoing.ts';
import type { Message } from './read-message.ts';
import type { RequestClocks } from './request-clocks.ts';
import { createQuestions } from './server-questions.ts';

/** A request of ours. */
export interface PeerRequest {
  readonly method: string;
  /** Makes the params, given the id of the request, which is its progress token, too. */
  readonly params: (id: number) => McpResult;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Receives progress and whatever else comes on the request's own answer. */
  readonly onNotification?: ((notification: McpNotification) => void) | undefined;
  /** Lists of schemas may have more levels than anything else. Default: false. */
  readonly mayBeDeep?: boolean;
}

/** Our side of an exchange of JSON-RPC messages: matches answers to requests, in the order in which they come. */
export interface RpcPeer {
  /** @throws ProtocolError for a refusal; the reason of the signal; what `send` throws */
  request(request: PeerRequest): Promise<McpResult>;
  notify(method: string, params?: McpResult): Promise<void>;
  /** Takes a message of the server. `via`: the request on whose answer it came, if it has one of its own. */
  receive(message: Message, via?: number): void;
  /** Returns whether a request still waits for its answer. */
  isWaiting(id: number): boolean;
  /** Fails all requests that wait. */
  fail(error: Error): void;
}

export interface RpcPeerOptions extends Pick<ConnectionHandlers, 'onNotification' | 'onRequest'> {
  readonly send: Send;
  readonly clocks: RequestClocks;
  /** True if a request that is given up is cancelled by a notification, and not by the end of its exchange. */
  readonly cancels: boolean;
}

interface Waiting {
  readonly resolve: (message: Message & { kind: 'result' }) => void;
  readonly reject: (error: unknown) => void;
  readonly onNotification: PeerRequest['onNotification'];
  readonly method: string;
}

/** More than the calls that one upstream may have under way. */
const MAX_WAITING = 20_000;
/** Requests that no notification may cancel. */
const UNCANCELLED: ReadonlySet<string> = new Set(['initialize', 'server/discover']);
/** Key in the `_meta` of a notification of 2026-07-28: the request that subscribed to it. */
const SUBSCRIPTION_META_KEY = 'io.modelcontextprotocol/subscriptionId';

export function createRpcPeer({ send, clocks, cancels, onNotification, onRequest }: RpcPeerOptions): RpcPeer {
  const waiting = new Map<number, Waiting>();
  const questions = createQuestions({ send, clocks, onRequest });
  let lastId = 0;

  const notify = (method: string, params?: McpResult): Promise<void> =>
    send({ text: JSON.stringify({ jsonrpc: '2.0', method, params }), method });

  const giveUp = (id: number, reason: unknown): void => {
    const entry = waiting.get(id);
    if (entry === undefined) return;
    entry.reject(reason);
    if (cancels && !UNCANCELLED.has(entry.method))
      void notify('notifications/cancelled', { requestId: id, reason: reasonOf(reason) }).catch(() => {});
  };

  const take = (notification: Message & { kind: 'notification' }, via: number | undefined): void => {
    const { method, params } = notification;
    if (method === 'notifications/cancelled') return questions.cancel(params['requestId']);
    const entry = requestOf(notification, waiting, via);
    if (entry?.onNotification !== undefined) entry.onNotification(notification);
    else onNotification?.({ method, params });
  };

  return {
    async request({ method, params, signal, headers, onNotification: listener, mayBeDeep = false }) {
      signal.throwIfAborted();
      if (waiting.size >= MAX_WAITING) throw new MeshError('unavailable', `${MAX_WAITING} requests wait for answers`);
      const id = (lastId += 1);
      const answer = Promise.withResolvers<Message & { kind: 'result' }>();
      const { resolve, reject } = answer;
      waiting.set(id, { resolve, reject, onNotification: listener, method });
      const onAbort = () => giveUp(id, signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const sent = params(id);
        const text = JSON.stringify({ jsonrpc: '2.0', id, method, params: sent });
        send({ text, id, method, params: sent, headers, signal }).catch(reject);
        const { result, isDeep } = await answer.promise;
        return checked(result, isDeep && !mayBeDeep);
      } finally {
        waiting.delete(id);
        signal.removeEventListener('abort', onAbort);
      }
    },
    notify,
    receive(message, via) {
      if (message.kind === 'notification') return take(message, via);
      if (message.kind === 'request') return questions.ask(message);
      // Some servers write ids as texts.
      const entry = waiting.get(message.id === undefined ? (via ?? NaN) : Number(message.id));
      if (message.kind === 'error') entry?.reject(message.error);
      else entry?.resolve(message);
      if (entry !== undefined) waiting.delete(Number(message.id ?? via));
      return undefined;
    },
    isWaiting: (id) => waiting.has(id),
    fail(error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      questions.close();
    },
  };
}

/** Returns the request that a notification belongs to: it names it, or came on its answer. */
function requestOf(
  { method, params }: McpNotification,
  waiting: ReadonlyMap<number, Waiting>,
  via: number | undefined,
): Waiting | undefined {
  const named = method === 'notifications/progress' ? params?.['progressToken'] : subscriptionOf(params ?? {});
  // Changes of lists concern all.
  if (named === undefined && method.endsWith('_changed')) return undefined;
  return waiting.get(Number(named)) ?? waiting.get(via ?? NaN);
}

const subscriptionOf = ({ _meta }: McpResult): unknown => (isRecord(_meta) ? _meta[SUBSCRIPTION_META_KEY] : undefined);

/** Returns a result that can be passed on. @throws NotMcp */
function checked(result: McpResult | undefined, isTooDeep: boolean): McpResult {
  if (result === undefined) throw new NotMcp('answered with a result that is no object');
  if (isTooDeep) throw new NotMcp(`sent an answer that is nested deeper than ${MAX_JSON_DEPTH} levels`);
  return result;
}

const reasonOf = (reason: unknown): string => (Error.isError(reason) ? reason.message : 'The request was given up');
