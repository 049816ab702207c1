import { randomUUID } from 'node:crypto';
import { FileId } from '@toolmesh/shared/contracts/files';
import { isDeepJson, MAX_ARGUMENT_DEPTH } from '@toolmesh/shared/kit/json/depth';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { z } from 'zod';
import type { Image } from '../models/model.ts';
import type { AnswerTurn, Step, Turn, TurnCall } from '../run/turns.ts';
import { filesByIds, readFilePart } from './read-file.ts';
import { readImage } from './read-image.ts';
import { outcomeOf } from './read-outcome.ts';
import { readUiParts, UiMessagePart } from './read-ui-parts.ts';

/** Text, an image or a file, as OpenAI's clients send them; anything else is left out. */
const ContentPart = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  image_url: z.union([z.string(), z.object({ url: z.string() })]).optional(),
});
const Content = z.union([z.string(), z.array(ContentPart)]);

const Call = z.looseObject({
  id: z.string().min(1).max(256),
  function: z.looseObject({ name: z.string().min(1).max(256), arguments: z.unknown().optional() }),
});

const MessageId = z.string().min(1).max(128);

/** A message as OpenAI's clients write it, or as a UI message of the AI SDK. */
export const ChatMessage = z
  .looseObject({
    id: MessageId.optional(),
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: Content.nullish(),
    parts: z.array(UiMessagePart).optional(),
    tool_calls: z.array(Call).nullish(),
    tool_call_id: z.string().optional(),
    files: z.array(FileId).max(20).optional().describe('Ids of files from POST /files, for the programs of the chat'),
  })
  .refine(
    ({ role, content, parts, tool_calls }) =>
      content != null || parts !== undefined || (role === 'assistant' && tool_calls != null),
    {
      message: 'needs content or parts',
    },
  )
  .refine(({ role, tool_call_id }) => role !== 'tool' || tool_call_id !== undefined, {
    path: ['tool_call_id'],
    message: 'a tool message names the call that it answers',
  });
export type ChatMessage = z.output<typeof ChatMessage>;

/** Puts messages together into turns: an answer with its calls and what came of them is one. */
export function readMessages(messages: readonly ChatMessage[]): readonly Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    const id = message.id ?? `msg_${randomUUID()}`;
    if (message.role === 'tool') {
      // What answers no call is not worth a refusal: clients cut old messages off anywhere.
      if (last?.role === 'assistant') turns[turns.length - 1] = withResult(last, message);
    } else if (message.role === 'assistant') {
      const steps = stepsOf(message);
      if (last?.role === 'assistant') turns[turns.length - 1] = { ...last, steps: [...last.steps, ...steps] };
      else turns.push({ role: 'assistant', id, steps });
    } else if (message.role === 'user') {
      turns.push({ role: 'user', id, content: textOf(message), ...attachmentsOf(message) });
    } else turns.push({ role: 'system', id, content: textOf(message) });
  }
  return withOwnIds(turns);
}

/** Ids name turns in the store; two of one name would become one. */
function withOwnIds(turns: readonly Turn[]): readonly Turn[] {
  const used = new Set<string>();
  return turns.map((turn) => {
    const id = used.has(turn.id) ? `msg_${randomUUID()}` : turn.id;
    used.add(id);
    return { ...turn, id };
  });
}

function textOf({ content, parts }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? parts ?? []).flatMap(({ text }) => (typeof text === 'string' ? text : [])).join('\n');
}

function attachmentsOf(message: ChatMessage) {
  const images = imagesOf(message);
  const own = Array.isArray(message.content) ? message.content : [];
  const inParts = [...own, ...(message.parts ?? [])].flatMap((part) => readFilePart(part) ?? []);
  const files = [...inParts, ...filesByIds(message.files ?? [])];
  return { ...(images.length === 0 ? {} : { images }), ...(files.length === 0 ? {} : { files }) };
}

function imagesOf({ content, parts = [] }: ChatMessage): readonly Image[] {
  const own = Array.isArray(content) ? content : [];
  const urls = [
    ...own.map(({ image_url }) => (typeof image_url === 'string' ? image_url : image_url?.url)),
    ...parts.map(({ url }) => url),
  ];
  return urls.flatMap((url) => (typeof url === 'string' ? (readImage(url) ?? []) : []));
}

function stepsOf(message: ChatMessage): readonly Step[] {
  const { content, parts, tool_calls } = message;
  if (content == null && parts !== undefined) return readUiParts(parts);
  const calls = (tool_calls ?? []).map(({ id, function: called }): TurnCall => ({
    id,
    name: called.name,
    arguments: argumentsOf(called.arguments),
  }));
  return [{ text: textOf(message), calls }];
}

function argumentsOf(sent: unknown): unknown {
  if (typeof sent !== 'string') return sent;
  if (isDeepJson(sent, MAX_ARGUMENT_DEPTH)) {
    throw new MeshError(
      'invalid_request',
      `The arguments of a tool call are nested deeper than ${MAX_ARGUMENT_DEPTH} levels`,
    );
  }
  const value = parseJson(sent);
  return value === undefined ? sent : value;
}

function withResult(turn: AnswerTurn, message: ChatMessage): AnswerTurn {
  const text = textOf(message);
  const steps = turn.steps.map((step) => ({
    ...step,
    calls: step.calls.map((call) =>
      call.id === message.tool_call_id && call.outcome === undefined
        ? { ...call, outcome: outcomeOf(call, text) }
        : call,
    ),
  }));
  return { ...turn, steps };
}
