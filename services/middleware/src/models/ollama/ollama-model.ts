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

/** A model of an Ollama server. `numCtx` is what it is given at most. One answer per call; retries are the caller's. */
export function createOllamaModel(server: OllamaServer, model: string, numCtx: number): Model {
  return {
    provider: 'ollama',
    name: model,
    async *respond(request) {
      const exchange = server.open(request.signal);
      try {
        const { chunks, isPrompted } = await ask(server, model, request, numCtx, exchange);
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

/**
 * Sends a request that fits what the model can do. Where that is not known, the server is asked for all of it, and what
 * it refuses is done without and remembered.
 */
async function ask(
  server: OllamaServer,
  model: string,
  request: ModelRequest,
  numCtx: number,
  exchange: Exchange,
): Promise<{ readonly chunks: AsyncIterable<unknown>; readonly isPrompted: boolean }> {
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
      const chunks = await client.chat(toOllamaRequest(model, request, window, can));
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

/** One line of an answer. Ids are missing from older servers; arguments are an object, or text that holds one. */
const Chunk = z.object({
  message: z
    .object({
      content: z.string().nullish(),
      thinking: z.string().nullish(),
      tool_calls: z
        .array(
          z.object({
            id: z.string().nullish(),
            function: z.object({ name: z.string(), arguments: z.unknown().optional() }),
          }),
        )
        .nullish(),
    })
    .nullish(),
  done: z.boolean().default(false),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.number().nullish(),
  eval_count: z.number().nullish(),
});

async function* readAnswer(chunks: AsyncIterable<unknown>, text: AnswerText): AsyncGenerator<ModelEvent> {
  const usedIds = new Set<string>();
  for await (const chunk of chunks) {
    const parsed = Chunk.safeParse(chunk);
    if (!parsed.success) throw garbage(OLLAMA, parsed.error);
    const { message, done, done_reason, prompt_eval_count, eval_count } = parsed.data;
    if (message?.thinking) yield { type: 'reasoning', text: message.thinking };
    if (message?.content) yield* text.push(message.content);
    // Calls of one answer may be spread over many lines, each whole.
    for (const { id, function: called } of message?.tool_calls ?? []) {
      const own = id && !usedIds.has(id) ? id : `call_${randomUUID()}`;
      usedIds.add(own);
      const { name, arguments: args } = called;
      yield { type: 'tool_input_start', id: own, name };
      yield { type: 'tool_input_delta', id: own, text: typeof args === 'string' ? args : JSON.stringify(args ?? {}) };
      yield { type: 'tool_call', call: { id: own, name, arguments: args } };
    }
    if (!done) continue;
    yield* text.end();
    yield { type: 'usage', inputTokens: prompt_eval_count ?? 0, outputTokens: eval_count ?? 0 };
    yield { type: 'finish', reason: done_reason === 'length' ? 'length' : 'stop' };
    return;
  }
  throw endedEarly(OLLAMA);
}
