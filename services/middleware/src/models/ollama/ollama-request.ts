import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { ChatRequest, Message as OllamaMessage, Tool as OllamaTool } from 'ollama';
import { imagesOf, showToolImages, withoutImages } from '../text/images.ts';
import type { Message, ModelRequest, Sampling } from '../model.ts';
import { withPromptedTools } from '../text/prompted-tools.ts';

/** The abilities of a model that its requests depend on. */
export interface OllamaAbilities {
  readonly tools: boolean;
  readonly thinking: boolean;
  readonly vision: boolean;
}

export interface OllamaRequestOptions {
  readonly model: string;
  readonly request: ModelRequest;
  /** Tokens of context. */
  readonly numCtx: number;
  readonly can: OllamaAbilities;
}

/**
 * Returns the body of a request. The context size is always sent: without it the server uses its own, 4k on most
 * machines. A prompt that is longer than estimated is refused: by default the oldest messages are dropped silently.
 */
export function toOllamaRequest(
  options: OllamaRequestOptions,
): ChatRequest & { readonly stream: true; readonly truncate: false } {
  const { model, request, numCtx, can } = options;
  const { messages, tools, sampling = {} } = request;
  const isPrompted = !can.tools;
  const described = isPrompted ? withPromptedTools(messages, tools) : messages;
  const shown = can.vision ? showToolImages(described) : withoutImages(described);
  return {
    model,
    stream: true,
    truncate: false,
    messages: shown.map(toOllamaMessage),
    options: { num_ctx: numCtx, ...samplingOptions(sampling) },
    ...(can.thinking ? { think: true } : {}),
    ...(isPrompted || tools.length === 0 ? {} : { tools: tools.map(toOllamaTool) }),
  };
}

const samplingOptions = ({ temperature, topP, maxOutputTokens, stop, seed }: Sampling) => ({
  ...(temperature === undefined ? {} : { temperature }),
  ...(topP === undefined ? {} : { top_p: topP }),
  ...(maxOutputTokens === undefined ? {} : { num_predict: maxOutputTokens }),
  ...(stop === undefined ? {} : { stop: [...stop] }),
  ...(seed === undefined ? {} : { seed }),
});

function toOllamaMessage(message: Message): OllamaMessage {
  if (message.role === 'tool') return { role: 'tool', tool_name: message.name, content: message.content };
  if (message.role !== 'assistant') {
    const images = imagesOf(message).map(({ data }) => data);
    return { role: message.role, content: message.content, ...(images.length === 0 ? {} : { images }) };
  }
  const calls = (message.toolCalls ?? []).map(({ name, arguments: args }) => ({
    function: { name, arguments: asObject(args) },
  }));
  const { content, reasoning } = message;
  return {
    role: 'assistant',
    content,
    ...(reasoning === undefined || reasoning === '' ? {} : { thinking: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** The server refuses a history whose arguments are not an object, so a call that was malformed goes back empty. */
function asObject(args: unknown): Record<string, unknown> {
  const value = typeof args === 'string' ? parseJson(args) : args;
  return isRecord(value) ? value : {};
}

function toOllamaTool({ name, description, input_schema }: Tool): OllamaTool {
  return {
    type: 'function',
    function: { name, description, parameters: { ...input_schema, type: 'object' } },
  };
}
