import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { CONVERSATION_META_KEY } from '@toolmesh/shared/mcp/meta';
import { z } from 'zod';
import type { Catalogue } from './catalogue.ts';
import type { ClientSession } from './upstreams/upstream.ts';

/**
 * The conversations that requests name in their `_meta`. Each is a session for the upstreams: what a server keeps for it is
 * nobody else's. It serves callers whose protocol has no session.
 */
export interface Conversations {
  /** Runs `task` with the session of a conversation. @throws MeshError unavailable if there is no room for one more. */
  within<T>(conversation: ConversationKey, task: (session: ClientSession) => Promise<T>): Promise<T>;
  /** Ends a conversation, with what servers keep for it. Does nothing if it is unknown. */
  end(conversation: ConversationKey): void;
  close(): void;
}

/** A conversation is known to its principal alone: another who names the same id has another conversation. */
export interface ConversationKey {
  readonly id: string;
  readonly principal: string;
}

/** The principal of all callers where there are no identities (contract, section 9). */
export const LOCAL = 'local';

export interface ConversationLimits {
  /** One more replaces the one that is idle for longest. */
  readonly max: number;
  /** Idle time after which a conversation ends. Long: whoever returns is then told that the state is lost. */
  readonly idleMs: number;
}

/** An id that nobody can guess: it is all that keeps others out. */
export const ConversationId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{16,128}$/, 'must have 16 to 128 characters of A-Z, a-z, 0-9, ., _ and -; use a random UUID');

const LIMITS: ConversationLimits = { max: 2_000, idleMs: 24 * 3_600_000 };
const MAX_SWEEP_MS = 60_000;

interface Conversation extends ClientSession {
  readonly ending: AbortController;
  /** Requests under way. */
  open: number;
  usedAt: number;
}

/** Makes the table of conversations, which is in the order of their last use. */
export function createConversations({ max, idleMs }: ConversationLimits = LIMITS): Conversations {
  const all = new Map<string, Conversation>();
  const end = (key: string): void => {
    const conversation = all.get(key);
    all.delete(key);
    conversation?.ending.abort(new MeshError('unavailable', 'The conversation has ended'));
  };
  const sweep = setInterval(
    () => {
      const before = performance.now() - idleMs;
      for (const [key, { open, usedAt }] of all) if (open === 0 && usedAt < before) end(key);
    },
    Math.min(idleMs, MAX_SWEEP_MS),
  ).unref();
  const makeRoom = (): void => {
    if (all.size < max) return;
    for (const [key, { open }] of all) if (open === 0) return end(key);
    throw new MeshError('unavailable', `${max} conversations are under way already`, { retryAfterSeconds: 5 });
  };
  const enter = (key: string): Conversation => {
    const known = all.get(key);
    if (known === undefined) makeRoom();
    const ending = new AbortController();
    const conversation = known ?? { ending, ended: ending.signal, open: 0, usedAt: 0 };
    all.delete(key);
    all.set(key, conversation);
    return conversation;
  };

  return {
    async within(conversation, task) {
      const entered = enter(keyOf(conversation));
      entered.open += 1;
      try {
        return await task(entered);
      } finally {
        entered.open -= 1;
        entered.usedAt = performance.now();
      }
    },
    end: (conversation) => end(keyOf(conversation)),
    close() {
      clearInterval(sweep);
      for (const key of all.keys()) end(key);
    },
  };
}

const keyOf = ({ id, principal }: ConversationKey): string => JSON.stringify([principal, id]);

/** Returns the `request` of a catalogue for requests that may name a conversation; no upstream is told which. */
export function inConversation(request: Catalogue['request'], conversations: Conversations): Catalogue['request'] {
  return (sent, caller) => {
    const { [CONVERSATION_META_KEY]: id, ...meta } = Object(sent.params['_meta']);
    if (id === undefined) return request(sent, caller);
    const parsed = ConversationId.safeParse(id);
    if (!parsed.success) return Promise.reject(badId(parsed.error));
    const anonymous = { ...sent, params: { ...sent.params, _meta: meta } };
    const key = { id: parsed.data, principal: LOCAL };
    return conversations.within(key, (session) => request(anonymous, { ...caller, session }));
  };
}

const badId = ({ issues }: z.ZodError): MeshError =>
  new MeshError('invalid_request', `The id of the conversation ${issues[0]?.message ?? 'is not valid'}`);
