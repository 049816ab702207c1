import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type AnswerText, createAnswerText } from '../text/answer-text.ts';
import type { Exchange } from '../exchange.ts';
import type { Model, ModelEvent, ModelRequest } from '../model.ts';
import { type OllamaAbilities, toOllamaRequest } from './ollama-request.ts';
import {
  clientFor,
  OLLAMA,
  ollamaModelInfo,
  ollamaModels,
  type OllamaServer,
  translateOllamaError,
} from './ollama-server.ts';
import { endedEarly, garbage } from '../provider-errors.ts';

/** Makes a model of an Ollama server, with a context of at most `numCtx` tokens. */
export function createOllamaModel(server: OllamaServer, model: string, numCtx: number): Model {
  return {
    provider: 'ollama',
    name: model,
    async *respond(request) {
      const exchange = server.open(request.signal);
      try {
        const { chunks, isPrompted } = await ask({ server, model, request, numCtx, exchange });
        const toolNames = new Set(request.tools.map(({ name }) => name));
        yield* readAnswer(chunks, createAnswerText({ toolNames, isPrompted }));
      } catch (error) {
        exchange.signal.throwIfAborted();
        throw translateOllamaError(error, server);
      } finally {
        exchange.end();
      }
    },
    async check(signal) {
      await ollamaModels(server, signal);
    },
  };
}

export interface ContextQuestion {
  readonly server: OllamaServer;
  readonly model: string;
  readonly numCtx: number;
  readonly signal: AbortSignal;
}

/** Returns how many tokens a model of this server is given: the setting, but no more than the model was made for. */
export async function ollamaContextTokens({ server, model, numCtx, signal }: ContextQuestion): Promise<number> {
  const { contextLength = numCtx } = await ollamaModelInfo(server, model, signal);
  return Math.min(numCtx, contextLength);
}

interface Question {
  readonly server: OllamaServer;
  readonly model: string;
  readonly request: ModelRequest;
  readonly numCtx: number;
  readonly exchange: Exchange;
}

interface Asked {
  readonly chunks: AsyncIterable<unknown>;
  /** True when the tools were described in words, because the model has no tool calls. */
  readonly isPrompted: boolean;
}

/**
 * Sends a request that fits the model's abilities. Where they are not known, all of them are tried; what the server
 * refuses is left out and remembered.
 */
async function ask({ server, model, request, numCtx, exchange }: Question): Promise<Asked> {
  const client = clientFor(server.host, exchange);
  const info = await ollamaModelInfo(server, model, exchange.signal);
  const window = Math.min(numCtx, info.contextLength ?? numCtx);
  const has = (ability: string, otherwise: boolean) => info.capabilities?.has(ability) ?? otherwise;
  let can: OllamaAbilities = {
    tools: has('tools', true),
    // Older servers put thoughts into the text, where they are found by their tags.
    thinking: has('thinking', false),
    vision: has('vision', true),
  };
  for (;;) {
    try {
      const chunks = await client.chat(toOllamaRequest({ model, request, numCtx: window, can }));
      return { chunks, isPrompted: !can.tools };
    } catch (error) {
      const refused = refusedAbility(error);
      if (refused === undefined || !can[refused]) throw error;
      can = { ...can, [refused]: false };
      const left = Object.entries(can).filter(([, value]) => value);
      server.models.set(model, { ...info, capabilities: new Set(['completion', ...left.map(([name]) => name)]) });
    }
  }
}

/** `"x" does not support tools`, `"x" does not support thinking`: the server refuses the whole request for it. */
function refusedAbility(error: unknown): keyof OllamaAbilities | undefined {
  const message = Error.isError(error) ? error.message : '';
  if (/does not support tools/i.test(message)) return 'tools';
  if (/does not support thinking|think value/i.test(message)) return 'thinking';
  return /does not support (?:images|vision)|multimodal|image input/i.test(message) ? 'vision' : undefined;
}

/** A call of an answer. Older servers send no id; arguments are an object, or text that holds one. */
const Call = z.object({
  id: z.string().nullish(),
  function: z.object({ name: z.string(), arguments: z.unknown().optional() }),
});

/** One line of an answer. */
const Chunk = z.object({
  message: z
    .object({
      content: z.string().nullish(),
      thinking: z.string().nullish(),
      tool_calls: z.array(Call).nullish(),
    })
    .nullish(),
  done: z.boolean().default(false),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.number().nullish(),
  eval_count: z.number().nullish(),
});

type Chunk = z.output<typeof Chunk>;

async function* readAnswer(chunks: AsyncIterable<unknown>, text: AnswerText): AsyncGenerator<ModelEvent> {
  const usedIds = new Set<string>();
  for await (const value of chunks) {
    const parsed = Chunk.safeParse(value);
    if (!parsed.success) throw garbage(OLLAMA, parsed.error);
    const { message } = parsed.data;
    if (message?.thinking) yield { type: 'reasoning', text: message.thinking };
    if (message?.content) yield* text.push(message.content);
    // The calls of one answer may be spread over many lines, each of them whole.
    for (const call of message?.tool_calls ?? []) yield* readCall(call, usedIds);
    if (!parsed.data.done) continue;
    yield* text.end();
    yield* readEnd(parsed.data);
    return;
  }
  throw endedEarly(OLLAMA);
}

function readCall({ id, function: called }: z.output<typeof Call>, usedIds: Set<string>): readonly ModelEvent[] {
  const ownId = id && !usedIds.has(id) ? id : `call_${randomUUID()}`;
  usedIds.add(ownId);
  const { name, arguments: args } = called;
  const text = typeof args === 'string' ? args : JSON.stringify(args ?? {});
  return [
    { type: 'tool_input_start', id: ownId, name },
    { type: 'tool_input_delta', id: ownId, text },
    { type: 'tool_call', call: { id: ownId, name, arguments: args } },
  ];
}

const readEnd = ({ done_reason, prompt_eval_count, eval_count }: Chunk): readonly ModelEvent[] => [
  { type: 'usage', inputTokens: prompt_eval_count ?? 0, outputTokens: eval_count ?? 0 },
  { type: 'finish', reason: done_reason === 'length' ? 'length' : 'stop' },
];
