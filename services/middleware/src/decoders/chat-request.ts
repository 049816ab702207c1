import { randomUUID } from 'node:crypto';
import { ApprovalDecision } from '@toolmesh/shared/contracts/chat';
import { z } from 'zod';
import { ProviderName } from '../config.ts';
import type { Saying } from '../chat/conversation.ts';
import type { Turn } from '../run/turns.ts';
import { ChatMessage, readMessages } from './read-messages.ts';

export const SessionId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 of A-Z, a-z, 0-9, _ and -');

export const DEFAULT_MAX_STEPS = 12;

/** The body of `POST /chat` (contract, section 3). */
export const ChatRequest = z
  .object({
    message: z.string().trim().min(1).optional().describe('What the user says'),
    messages: z.array(ChatMessage).min(1).max(1_000).optional().describe('The conversation, the user’s message last'),
    approvals: z.array(ApprovalDecision).min(1).max(64).optional().describe('A word on calls that wait in the session'),
    session_id: SessionId.optional(),
    /** What the AI SDK's `useChat` calls a session. */
    id: z.unknown().optional(),
    /** Sent by the AI SDK's clients: what set the request off. */
    trigger: z.unknown().optional(),
    model: z.string().min(1).max(200).optional(),
    provider: ProviderName.optional(),
    tools: z
      .object({ include: z.array(z.string()).optional(), exclude: z.array(z.string()).optional() })
      .optional()
      .describe('Which tools may be used, by name; all by default'),
    max_steps: z
      .int()
      .min(1)
      .max(50)
      .default(DEFAULT_MAX_STEPS)
      .describe('Rounds of tool calls before the model has to answer'),
    stream: z.boolean().optional().describe('As an AI SDK UI message stream; also by Accept: text/event-stream'),
  })
  .refine((body) => [body.message, body.messages, body.approvals].filter((part) => part !== undefined).length === 1, {
    message: 'needs either message, messages or approvals',
  })
  .refine(({ approvals, session_id }) => approvals === undefined || session_id !== undefined, {
    path: ['session_id'],
    message: 'approvals are given in a session',
  })
  .transform(({ message, messages, approvals, id, ...rest }, context) => {
    const said = sayingOf({ message, messages, approvals });
    if (said.kind === 'conversation' && !wantsAnswer(said.turns)) {
      context.addIssue({ code: 'custom', path: ['messages'], message: 'the last message must be the user’s' });
    }
    const chatId = SessionId.safeParse(id);
    return { ...rest, session_id: rest.session_id ?? chatId.data, said };
  });

/** A conversation ends with what a user said, or with calls: answered by the caller, or with somebody's word on them. */
function wantsAnswer(turns: readonly Turn[]): boolean {
  const last = turns.at(-1);
  return last?.role === 'user' || (last?.role === 'assistant' && (last.steps.at(-1)?.calls ?? []).length > 0);
}

type Said = {
  readonly message: string | undefined;
  readonly messages: readonly ChatMessage[] | undefined;
  readonly approvals: readonly ApprovalDecision[] | undefined;
};

function sayingOf({ message = '', messages, approvals }: Said): Saying {
  if (approvals !== undefined) return { kind: 'approvals', approvals };
  if (messages !== undefined) return { kind: 'conversation', turns: readMessages(messages) };
  const createdAt = new Date().toISOString();
  return { kind: 'message', turn: { role: 'user', id: `msg_${randomUUID()}`, content: message, createdAt } };
}
