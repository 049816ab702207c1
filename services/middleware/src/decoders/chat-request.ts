import { randomUUID } from 'node:crypto';
import { FileId } from '@toolmesh/shared/contracts/files';
import { ApprovalDecision } from '@toolmesh/shared/contracts/chat';
import { z } from 'zod';
import { ProviderName } from '../models/provider-name.ts';
import type { ChatInput } from '../chat/conversation.ts';
import type { Turn } from '../run/turns.ts';
import { filesByIds } from './read-file.ts';
import { ChatMessage, readMessages } from './read-messages.ts';

export const SessionId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 of A-Z, a-z, 0-9, _ and -');

export const DEFAULT_MAX_STEPS = 12;

/** The body of `POST /chat` (contract, section 3). */
export const ChatRequest = z
  .object({
    message: z.string().trim().min(1).optional().describe('The user’s message'),
    messages: z.array(ChatMessage).min(1).max(1_000).optional().describe('The conversation, the user’s message last'),
    files: z.array(FileId).max(20).optional().describe('Ids of files from POST /files that come with `message`'),
    approvals: z
      .array(ApprovalDecision)
      .min(1)
      .max(64)
      .optional()
      .describe('Decisions on calls that are pending in the session'),
    session_id: SessionId.optional(),
    /** The AI SDK's `useChat` sends the session under this name. */
    id: z.unknown().optional(),
    /** The event behind the request, as the AI SDK's clients send it. */
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
  .transform(({ message, messages, files, approvals, id, ...rest }, context) => {
    const input = inputOf({ message, messages, files, approvals });
    if (input.kind === 'conversation' && !isAnswerable(input.turns)) {
      context.addIssue({ code: 'custom', path: ['messages'], message: 'the last message must be the user’s' });
    }
    const chatId = SessionId.safeParse(id);
    return { ...rest, session_id: rest.session_id ?? chatId.data, input };
  });

/** Tells whether a conversation ends with a user's message, or with calls that the caller ran or decided on. */
function isAnswerable(turns: readonly Turn[]): boolean {
  const last = turns.at(-1);
  return last?.role === 'user' || (last?.role === 'assistant' && (last.steps.at(-1)?.calls ?? []).length > 0);
}

interface GivenInput {
  readonly message: string | undefined;
  readonly messages: readonly ChatMessage[] | undefined;
  readonly files: readonly string[] | undefined;
  readonly approvals: readonly ApprovalDecision[] | undefined;
}

function inputOf({ message = '', messages, files = [], approvals }: GivenInput): ChatInput {
  if (approvals !== undefined) return { kind: 'approvals', approvals };
  if (messages !== undefined) return { kind: 'conversation', turns: readMessages(messages) };
  const createdAt = new Date().toISOString();
  const attached = files.length === 0 ? {} : { files: filesByIds(files) };
  return {
    kind: 'message',
    turn: { role: 'user', id: `msg_${randomUUID()}`, content: message, ...attached, createdAt },
  };
}
