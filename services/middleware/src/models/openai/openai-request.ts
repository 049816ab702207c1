import type { Tool } from '@toolmesh/shared/contracts/tool';
import type {
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';
import { imagesOf, showToolImages, withoutImages } from '../text/images.ts';
import type { Message, ModelRequest, ModelToolCall, Sampling } from '../model.ts';
import { NO_THOUGHTS, type Refusals } from './openai-refusals.ts';
import { withPromptedTools } from '../text/prompted-tools.ts';

/** Returns the body of a request, without the parts that the server has refused. */
export function toOpenAiRequest(
  model: string,
  { messages, tools, sampling = {} }: ModelRequest,
  refused: Refusals,
): ChatCompletionCreateParams {
  const isPrompted = refused.has('tools');
  const offered = isPrompted ? [] : tools;
  const described = isPrompted ? withPromptedTools(messages, tools) : messages;
  const shown = refused.has('images') ? withoutImages(described) : showToolImages(described);
  const optional = {
    ...(offered.length === 0 ? {} : { parallel_tool_calls: true }),
    ...(refused.has('stream') ? {} : { stream_options: { include_usage: true } }),
    ...samplingFields(sampling, refused),
  };
  return {
    model,
    messages: shown.map((message) => toOpenAiMessage(message, refused.has(NO_THOUGHTS))),
    stream: !refused.has('stream'),
    ...(offered.length === 0 ? {} : { tools: offered.map(toOpenAiTool) }),
    ...Object.fromEntries(Object.entries(optional).filter(([field]) => !refused.has(field))),
  };
}

function samplingFields({ temperature, topP, maxOutputTokens, stop, seed }: Sampling, refused: Refusals) {
  // The newer name first; most self-hosted servers know only the older one, and ignore what they do not know.
  const limit = refused.has('max_completion_tokens') ? 'max_tokens' : 'max_completion_tokens';
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(maxOutputTokens === undefined ? {} : { [limit]: maxOutputTokens }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop: [...stop] }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function toOpenAiMessage(message: Message, wantsThoughts: boolean): ChatCompletionMessageParam {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.callId, content: message.content };
  if (message.role === 'assistant') {
    const calls = (message.toolCalls ?? []).map(toOpenAiCall);
    return {
      role: 'assistant',
      content: message.content,
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(wantsThoughts ? { reasoning_content: message.reasoning ?? '' } : {}),
    };
  }
  const images = imagesOf(message);
  if (message.role === 'system' || images.length === 0) return { role: message.role, content: message.content };
  const pictures = images.map(({ mimeType, data }) => ({
    type: 'image_url' as const,
    image_url: { url: `data:${mimeType};base64,${data}` },
  }));
  return { role: 'user', content: [{ type: 'text', text: message.content }, ...pictures] };
}

function toOpenAiCall({ id, name, arguments: args }: ModelToolCall) {
  const text = typeof args === 'string' ? args : JSON.stringify(args ?? {});
  return { id, type: 'function' as const, function: { name, arguments: text } };
}

function toOpenAiTool({ name, description, input_schema }: Tool): ChatCompletionTool {
  return { type: 'function', function: { name, description, parameters: { properties: {}, ...input_schema } } };
}
