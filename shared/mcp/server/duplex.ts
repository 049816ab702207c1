import { claimedRevision, readEnvelope, serveModern, unsupportedRevision } from './modern.ts';
import { type Message, type Outcome, type RequestMessage, responseText } from './messages.ts';
import { keyOf } from '../request-id.ts';
import type { Incoming } from './read-incoming.ts';
import { MODERN_REVISION, REVISIONS } from './revisions.ts';
import type { ServeDeps } from './serve-request.ts';
import { createPeer, createRunning } from './sessions/peer.ts';
import { createSubscriptions, LISTEN, type Subscription } from './subscriptions.ts';

/** A client at the other end of a channel that carries all messages, in both directions. */
export interface DuplexServer {
  receive(incoming: Incoming): void;
  /** Resolves when all requests so far are answered. */
  settled(): Promise<unknown>;
  /** Ends what is under way: the channel is closed. */
  end(): void;
}

export interface DuplexOptions {
  readonly send: (text: string) => void;
  /** False where 2026-07-28 is not spoken, whatever a request says: its client then falls back to a handshake. */
  readonly isModern: boolean;
}

/** Serves one client over a channel. */
export function createDuplexServer(deps: ServeDeps, { send, isModern }: DuplexOptions): DuplexServer {
  const peer = createPeer(deps, { isOpen: true, send });
  const modern = createModernPeer(deps, send);
  const open = new AbortController();
  const channel = { signal: open.signal, send };

  const pending = new Set<Promise<void>>();

  const answer = async ({ id }: RequestMessage, outcome: Promise<Outcome | undefined>): Promise<void> => {
    const found = await outcome;
    if (found !== undefined && !open.signal.aborted) send(responseText(id, found));
  };
  const take = (message: Message): void => {
    if (message.kind !== 'request') {
      peer.receive(message);
      if (message.kind === 'notification' && message.method === CANCELLED) modern.cancel(message.params['requestId']);
      return;
    }
    const isOfModern = isModern && claimedRevision(message) !== undefined;
    const outcome = isOfModern ? modern.request(message, open.signal) : peer.request(message, channel);
    const answered = answer(message, outcome).finally(() => pending.delete(answered));
    pending.add(answered);
  };
  return {
    receive: ({ messages }) => messages.forEach(take),
    settled: () => Promise.all(pending),
    end() {
      open.abort();
      peer.end();
      modern.end();
    },
  };
}

const CANCELLED = 'notifications/cancelled';

/** Answers the requests of 2026-07-28 that come over one channel. */
function createModernPeer(deps: ServeDeps, send: (text: string) => void) {
  const running = createRunning();
  const subscriptions = createSubscriptions(deps.service);
  const open = new Map<string, Subscription>();

  /** Undefined while the subscription is open: its end is the answer. */
  const listen = (message: RequestMessage): Outcome | undefined => {
    const subscription = subscriptions.open(message, { send, end: send });
    if ('error' in subscription) return subscription;
    open.set(keyOf(message.id), subscription);
    return undefined;
  };
  return {
    async request(message: RequestMessage, signal: AbortSignal): Promise<Outcome | undefined> {
      const envelope = readEnvelope(message);
      if ('error' in envelope) return envelope;
      if (envelope.revision !== MODERN_REVISION) return unsupportedRevision(envelope.revision, REVISIONS);
      if (message.method === LISTEN) return listen(message);
      return running.run(message, { signal, send }, (channel) => serveModern(deps, message, { envelope, channel }));
    },
    cancel(id: unknown): void {
      running.cancel(id);
      const key = JSON.stringify(id);
      open.get(key)?.close();
      open.delete(key);
    },
    end(): void {
      running.cancelAll();
      open.forEach((subscription) => subscription.close());
    },
  };
}
