import { withDeadline } from '@toolmesh/shared/deadline';
import { MeshError } from '@toolmesh/shared/errors';
import type { Tool } from '@toolmesh/shared/tool';
import OpenAI, { APIError } from 'openai';
import type { ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources/chat/completions';
import { z } from 'zod';
import type { Message, Model, ModelEvent, ModelRequest, ModelToolCall } from './model.ts';
import { exchangeError, garbage, statusError, tooLate } from './provider-errors.ts';

export interface OpenAiOptions {
  readonly apiKey: string;
  readonly baseUrl: string | undefined;
  readonly model: string;
  readonly timeoutMs: number;
}

/** Any server that speaks OpenAI's chat completions. One request per answer; retries are the caller's. */
export function createOpenAiModel({ apiKey, baseUrl, model, timeoutMs }: OpenAiOptions): Model {
  const client = new OpenAI({ apiKey, baseURL: baseUrl ?? null, maxRetries: 0, timeout: timeoutMs + SDK_MARGIN_MS });
  const ask = async <T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    try {
      return await request();
    } catch (error) {
      signal.throwIfAborted();
      throw translate(error);
    }
  };
  return {
    provider: 'openai',
    name: model,
    async *respond({ messages, tools, signal }: ModelRequest) {
      const answer = await ask(
        () =>
          // Covers the body, too: the SDK's own clock stops at the headers.
          withDeadline(
            signal,
            timeoutMs,
            () => tooLate(NAME, timeoutMs),
            (limited) =>
              client.chat.completions.create(
                {
                  model,
                  messages: messages.map(toOpenAiMessage),
                  ...(tools.length === 0 ? {} : { tools: tools.map(toOpenAiTool), parallel_tool_calls: true }),
                },
                { signal: limited },
              ),
          ),
        signal,
      );
      yield* readCompletion(answer);
    },
    async check(signal) {
      await ask(() => client.models.list({ signal }), signal);
    },
  };
}

/** The part of a completion that matters; servers differ in the rest. */
const Completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({
                id: z.string().nullish(),
                function: z.object({ name: z.string(), arguments: z.unknown() }),
              }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number().default(0), completion_tokens: z.number().default(0) }).nullish(),
});

function* readCompletion(answer: unknown): Generator<ModelEvent> {
  const parsed = Completion.safeParse(answer);
  const choice = parsed.data?.choices[0];
  if (choice === undefined) throw garbage(NAME, parsed.error);
  const { content, tool_calls } = choice.message;
  if (content) yield { type: 'text', text: content };
  for (const [index, { id, function: called }] of (tool_calls ?? []).entries()) {
    yield {
      type: 'tool_call',
      call: { id: id || `call_${index + 1}`, name: called.name, arguments: called.arguments },
    };
  }
  const usage = parsed.data?.usage;
  if (usage) yield { type: 'usage', inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens };
  yield { type: 'finish', reason: choice.finish_reason === 'length' ? 'length' : 'stop' };
}

const NAME = 'The OpenAI server';
/** The SDK has a clock of its own; ours, which says what happened, ends first. */
const SDK_MARGIN_MS = 1_000;

function toOpenAiMessage(message: Message): ChatCompletionMessageParam {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.callId, content: message.content };
  if (message.role !== 'assistant') return { role: message.role, content: message.content };
  const calls = (message.toolCalls ?? []).map(toOpenAiCall);
  return { role: 'assistant', content: message.content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

function toOpenAiCall({ id, name, arguments: args }: ModelToolCall) {
  const text = typeof args === 'string' ? args : JSON.stringify(args ?? {});
  return { id, type: 'function' as const, function: { name, arguments: text } };
}

function toOpenAiTool({ name, description, input_schema }: Tool): ChatCompletionTool {
  return { type: 'function', function: { name, description, parameters: { properties: {}, ...input_schema } } };
}

function translate(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (error instanceof APIError && typeof error.status === 'number') {
    const detail = error.error instanceof Object && 'message' in error.error ? String(error.error.message) : '';
    return statusError(NAME, error.status, detail, error.headers?.get('retry-after'));
  }
  return exchangeError(NAME, error);
}
