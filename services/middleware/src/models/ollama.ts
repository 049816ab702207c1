import { randomUUID } from 'node:crypto';
import { startDeadline } from '@toolmesh/shared/deadline';
import { MeshError } from '@toolmesh/shared/errors';
import type { Tool } from '@toolmesh/shared/tool';
import { type Message as OllamaMessage, Ollama, type Tool as OllamaTool } from 'ollama';
import { z } from 'zod';
import type { Message, Model, ModelEvent, ModelRequest } from './model.ts';
import { exchangeError, garbage, statusError, tooLate } from './provider-errors.ts';

export interface OllamaOptions {
  readonly host: string;
  readonly model: string;
  readonly numCtx: number;
  readonly timeoutMs: number;
}

/** A model of an Ollama server, by its native API. One request per answer; retries are the caller's. */
export function createOllamaModel({ host, model, numCtx, timeoutMs }: OllamaOptions): Model {
  return {
    provider: 'ollama',
    name: model,
    async *respond({ messages, tools, signal }: ModelRequest) {
      const deadline = startDeadline(signal, timeoutMs, () => tooLate(NAME, timeoutMs));
      const client = clientFor(host, deadline.signal);
      const request = { model, messages: messages.map(toOllamaMessage), options: { num_ctx: numCtx } };
      try {
        yield* readAnswer(await chat(client, request, tools.map(toOllamaTool)));
      } catch (error) {
        deadline.signal.throwIfAborted();
        throw translate(error);
      } finally {
        deadline.release();
      }
    },
    async check(signal) {
      await ollamaModels(host, signal);
    },
  };
}

/** The models that a server has. @throws MeshError when there is no Ollama at `host`. */
export async function ollamaModels(host: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { models } = await clientFor(host, signal).list();
    return z
      .array(z.object({ name: z.string() }))
      .parse(models)
      .map(({ name }) => name);
  } catch (error) {
    throw translate(error);
  }
}

/**
 * One client per request: ollama-js cannot abort a request before its first byte
 * (https://github.com/ollama/ollama-js/issues/131), a fetch with a signal of our own can. Refusals are read here, too,
 * with their Retry-After; ollama-js would print them to standard output.
 */
function clientFor(host: string, signal: AbortSignal): Ollama {
  return new Ollama({
    host,
    fetch: async (input, init) => {
      const given = init?.signal;
      const response = await fetch(input, { ...init, signal: given ? AbortSignal.any([given, signal]) : signal });
      if (response.ok) return response;
      throw statusError(NAME, response.status, errorText(await response.text()), response.headers.get('retry-after'));
    },
  });
}

/** `{"error": "..."}` from Ollama, anything from what stands before it. */
function errorText(body: string): string {
  try {
    return z.object({ error: z.string() }).parse(JSON.parse(body)).error;
  } catch {
    return body;
  }
}

interface OllamaRequest {
  readonly model: string;
  readonly messages: OllamaMessage[];
  readonly options: { readonly num_ctx: number };
}

/** A model without tools refuses the whole request that offers some; it can still talk. */
async function chat(client: Ollama, request: OllamaRequest, tools: OllamaTool[]): Promise<AsyncIterable<unknown>> {
  try {
    return await client.chat({ ...request, ...(tools.length === 0 ? {} : { tools }), stream: true });
  } catch (error) {
    if (tools.length === 0 || !Error.isError(error) || !/does not support tools/i.test(error.message)) throw error;
    return client.chat({ ...request, stream: true });
  }
}

/** One line of an answer. Ids are missing from older servers; arguments are an object, or text that holds one. */
const Chunk = z.object({
  message: z
    .object({
      content: z.string().nullish(),
      tool_calls: z
        .array(z.object({ id: z.string().nullish(), function: z.object({ name: z.string(), arguments: z.unknown() }) }))
        .nullish(),
    })
    .nullish(),
  done: z.boolean().default(false),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.number().nullish(),
  eval_count: z.number().nullish(),
});

async function* readAnswer(chunks: AsyncIterable<unknown>): AsyncGenerator<ModelEvent> {
  for await (const chunk of chunks) {
    const parsed = Chunk.safeParse(chunk);
    if (!parsed.success) throw garbage(NAME, parsed.error);
    const { message, done, done_reason, prompt_eval_count, eval_count } = parsed.data;
    if (message?.content) yield { type: 'text', text: message.content };
    for (const { id, function: called } of message?.tool_calls ?? []) {
      yield {
        type: 'tool_call',
        call: { id: id || `call_${randomUUID()}`, name: called.name, arguments: called.arguments },
      };
    }
    if (!done) continue;
    yield { type: 'usage', inputTokens: prompt_eval_count ?? 0, outputTokens: eval_count ?? 0 };
    yield { type: 'finish', reason: done_reason === 'length' ? 'length' : 'stop' };
    return;
  }
  throw endedEarly();
}

const endedEarly = (cause?: unknown): MeshError =>
  new MeshError('upstream_failed', `${NAME} ended its answer before it was complete`, { cause });

const NAME = 'The Ollama server';

function toOllamaMessage(message: Message): OllamaMessage {
  if (message.role === 'tool') return { role: 'tool', tool_name: message.name, content: message.content };
  if (message.role !== 'assistant') return { role: message.role, content: message.content };
  const calls = (message.toolCalls ?? []).map(({ name, arguments: args }) => ({
    function: { name, arguments: asObject(args) },
  }));
  return { role: 'assistant', content: message.content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

/** The server refuses a history whose arguments are not an object, so a call that was malformed goes back empty. */
function asObject(args: unknown): Record<string, unknown> {
  try {
    const value: unknown = typeof args === 'string' ? JSON.parse(args) : args;
    return z.record(z.string(), z.unknown()).parse(value);
  } catch {
    return {};
  }
}

function toOllamaTool({ name, description, input_schema }: Tool): OllamaTool {
  return {
    type: 'function',
    function: { name, description, parameters: { ...input_schema, type: 'object' } },
  };
}

function translate(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (Error.isError(error) && error.message.startsWith('Did not receive done')) return endedEarly(error);
  if (Error.isError(error) && error.name === 'Error' && error.cause === undefined) {
    // An error line in the middle of an answer, which ollama-js throws as it stands.
    return new MeshError('upstream_failed', `${NAME} failed: ${error.message.slice(0, 300)}`, { cause: error });
  }
  return exchangeError(NAME, error);
}
