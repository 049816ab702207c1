import { MeshError } from '@toolmesh/shared/errors';
import { defineRoute, type Route } from '@toolmesh/shared/route';
import { z } from 'zod';
import type { RunChat } from '../chat.ts';
import { ProviderName } from '../config.ts';
import { ChatAnswer, encodeJson } from '../encoders/json.ts';
import type { Message } from '../models/model.ts';

/** Text as it stands, as OpenAI's content parts, or as the parts of an AI SDK UI message. */
const TextPart = z.looseObject({ type: z.string(), text: z.string().optional() });
const ChatMessage = z
  .object({
    role: z.enum(['system', 'user', 'assistant']),
    content: z.union([z.string(), z.array(TextPart)]).optional(),
    parts: z.array(TextPart).optional(),
  })
  .refine(({ content, parts }) => content !== undefined || parts !== undefined, 'needs content or parts')
  .transform(({ role, content, parts }): Message => ({ role, content: textOf(content ?? parts ?? '') }));

const textOf = (content: string | readonly z.output<typeof TextPart>[]): string =>
  typeof content === 'string' ? content : content.flatMap(({ text }) => text ?? []).join('\n');

const ChatRequest = z
  .object({
    message: z.string().trim().min(1).optional().describe('What the user says'),
    messages: z.array(ChatMessage).min(1).max(1_000).optional().describe('The conversation, the user’s message last'),
    session_id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 of A-Z, a-z, 0-9, _ and -')
      .optional(),
    model: z.string().min(1).max(200).optional(),
    provider: ProviderName.optional(),
    tools: z
      .object({ include: z.array(z.string()).optional(), exclude: z.array(z.string()).optional() })
      .optional()
      .describe('Which tools may be used, by name; all by default'),
    max_steps: z.int().min(1).max(50).default(12).describe('Rounds of tool calls before the model has to answer'),
    stream: z.literal(false, 'streaming is not available yet; leave it out').optional(),
  })
  .refine(({ message, messages }) => (message === undefined) !== (messages === undefined), {
    message: 'needs either message or messages',
  })
  .refine(({ messages }) => messages === undefined || messages.at(-1)?.role === 'user', {
    path: ['messages'],
    message: 'the last message must be the user’s',
  });

/** `POST /chat`: one answer, however many tool calls it takes. */
export const chatRoute = (runChat: RunChat): Route =>
  defineRoute({
    method: 'post',
    path: '/chat',
    summary: 'Answers a message with the help of tools',
    input: { body: ChatRequest },
    response: ChatAnswer,
    handle: async ({ body, signal }) => {
      const order = {
        messages: body.messages ?? [{ role: 'user' as const, content: body.message ?? '' }],
        sessionId: body.session_id,
        provider: body.provider,
        model: body.model,
        tools: body.tools ?? {},
        maxSteps: body.max_steps,
        signal,
      };
      const answer = await runChat(order, ({ events, identity }) => encodeJson(events, identity));
      if (signal.aborted) throw new MeshError('unavailable', 'The caller went away');
      return answer;
    },
  });
