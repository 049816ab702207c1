import { MeshError } from '../../../kit/faults/errors.ts';
import { INTERNAL_ERROR } from '../../protocol.ts';
import { type LegacyClient, type LegacySession, newClient, serveLegacy } from '../legacy.ts';
import type { ClientSession, McpService } from '../mcp-service.ts';
import {
  notificationText,
  type NotificationMessage,
  type Outcome,
  refusal,
  type RequestMessage,
  type ResponseMessage,
} from '../messages.ts';
import { isId, keyOf } from '../../request-id.ts';
import type { ReplyChannel, ServeDeps } from '../serve-request.ts';
import { createQuestions } from './questions.ts';

/** The way to a client for messages that belong to none of its requests. */
export interface Standalone {
  /** False while nobody would receive them. */
  readonly isOpen: boolean;
  send(text: string): void;
}

/** A client before 2026-07-28 that is known by its handshake, over whatever transport. */
export interface Peer {
  readonly client: LegacyClient;
  /** Requests under way. */
  readonly running: number;
  /** Answers a request. Undefined for one that the client has cancelled: it wants no answer. */
  request(message: RequestMessage, channel: ReplyChannel): Promise<Outcome | undefined>;
  receive(message: NotificationMessage | ResponseMessage): void;
  /** Ends what is under way, and all subscriptions. */
  end(): void;
}

const MAX_SUBSCRIPTIONS = 1_000;
/** Requests that one client may have under way. */
const MAX_RUNNING = 1_000;
const TOO_MANY = refusal({
  code: INTERNAL_ERROR,
  message: `${MAX_RUNNING} requests of this client are under way already`,
});

export function createPeer(deps: ServeDeps, standalone: Standalone): Peer {
  const ended = new AbortController();
  const running = createRunning();
  const questions = createQuestions();
  const { watch, unwatch, unwatchAll } = createWatches(deps.service, standalone, { ended: ended.signal });
  const session: LegacySession = {
    ended: ended.signal,
    canAsk: ({ send }) => send !== undefined || standalone.isOpen,
    ask: (request, { signal, send = standalone.send }) => questions.ask(request, { signal, send }),
    subscribe: watch,
    unsubscribe: unwatch,
  };
  const client = newClient(session);
  const stopLists = notifyOfLists(deps.service, standalone);
  return {
    client,
    get running() {
      return running.size;
    },
    request: (message, channel) =>
      running.run(message, channel, (own) => serveLegacy(deps, message, { client, channel: own })),
    receive(message) {
      if (message.kind === 'response') questions.answer(message);
      else if (message.method === 'notifications/cancelled') running.cancel(message.params['requestId']);
    },
    end() {
      stopLists();
      unwatchAll();
      ended.abort(new MeshError('unavailable', 'The session has ended'));
      running.cancelAll();
    },
  };
}

/** Notifies a client of list changes, until the returned function is called. */
function notifyOfLists({ capabilities, changes }: McpService, standalone: Standalone): () => void {
  const kinds = ['tools', 'prompts', 'resources'].filter((kind) => capabilities[kind]?.['listChanged'] === true);
  const texts = kinds.map((kind) => notificationText({ method: `notifications/${kind}/list_changed` }));
  return changes?.onListsChanged(() => texts.forEach(standalone.send)) ?? (() => {});
}

/** Keeps the resources whose changes a client wants to hear of. */
function createWatches({ changes }: McpService, standalone: Standalone, session: ClientSession) {
  const watched = new Map<string, () => void>();
  const updated = (uri: string) =>
    standalone.send(notificationText({ method: 'notifications/resources/updated', params: { uri } }));
  return {
    watch(uri: string): void {
      if (changes === undefined || watched.has(uri) || watched.size >= MAX_SUBSCRIPTIONS) return;
      watched.set(uri, changes.watch(new Set([uri]), updated, session));
    },
    unwatch(uri: string): void {
      watched.get(uri)?.();
      watched.delete(uri);
    },
    unwatchAll(): void {
      watched.forEach((stop) => stop());
      watched.clear();
    },
  };
}

/** Keeps the requests that a client has under way, which it may cancel by their ids. */
export function createRunning() {
  const running = new Map<string, AbortController>();
  const cancelled = () => new MeshError('unavailable', 'The caller cancelled the request');
  return {
    get size() {
      return running.size;
    },
    /** Runs a request until it ends or is cancelled; then the result is undefined. */
    async run(
      { id }: RequestMessage,
      { signal, send }: ReplyChannel,
      task: (channel: ReplyChannel) => Promise<Outcome>,
    ): Promise<Outcome | undefined> {
      if (running.size >= MAX_RUNNING) return TOO_MANY;
      const key = keyOf(id);
      const own = new AbortController();
      const leave = () => own.abort(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      running.set(key, own);
      try {
        const outcome = await task({ signal: own.signal, send });
        return own.signal.aborted ? undefined : outcome;
      } finally {
        signal.removeEventListener('abort', leave);
        if (running.get(key) === own) running.delete(key);
      }
    },
    cancel(id: unknown): void {
      if (isId(id)) running.get(keyOf(id))?.abort(cancelled());
    },
    cancelAll: () => running.forEach((own) => own.abort(cancelled())),
  };
}
