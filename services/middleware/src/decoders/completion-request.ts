import type { Tool } from '@toolmesh/shared/contracts/tool';
import { z } from 'zod';
import type { ToolChoice } from '../chat/chat-order.ts';
import type { Sampling } from '../models/model.ts';
import { ChatMessage } from './read-messages.ts';

const FunctionTool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, '1 to 64 of a-z, A-Z, 0-9, _ and -'),
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
  }),
});

const NamedTool = z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) });

/** The body of `POST /v1/chat/completions`. What is not known is ignored, as OpenAI's own clients expect. */
export const CompletionRequest = z.looseObject({
  model: z.string().max(200).nullish(),
  messages: z.array(ChatMessage).min(1).max(1_000),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z
    .array(z.union([FunctionTool, z.looseObject({ type: z.string() })]))
    .max(128)
    .nullish(),
  tool_choice: z.union([z.enum(['none', 'auto', 'required']), NamedTool, z.looseObject({})]).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  max_tokens: z.number().nullish(),
  max_completion_tokens: z.number().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(64)]).nullish(),
  seed: z.number().nullish(),
});
export type CompletionRequest = z.output<typeof CompletionRequest>;

/** The caller's own tools, in our form; kinds other than functions mean nothing here. */
export const externalToolsOf = ({ tools, tool_choice }: CompletionRequest): readonly Tool[] =>
  tool_choice === 'none'
    ? []
    : (tools ?? []).flatMap((tool) => {
        const parsed = FunctionTool.safeParse(tool);
        if (!parsed.success) return [];
        const { name, description, parameters } = parsed.data.function;
        return [{ name, description: description ?? '', input_schema: parameters ?? EMPTY, annotations: {} }];
      });

const EMPTY = { type: 'object', properties: {} };

/** Returns which of the hub's tools may be used: all, none, or the one that the caller names. */
export function toolChoiceOf({ tool_choice }: CompletionRequest): ToolChoice {
  if (tool_choice === 'none') return { include: [] };
  const named = NamedTool.safeParse(tool_choice);
  return named.success ? { include: [named.data.function.name] } : {};
}

export function samplingOf(request: CompletionRequest): Sampling {
  const { temperature, top_p, stop, seed } = request;
  // Some clients write -1 for no limit.
  const limit = request.max_completion_tokens ?? request.max_tokens ?? 0;
  const maxOutputTokens = limit >= 1 ? Math.floor(limit) : undefined;
  return {
    ...(temperature == null ? {} : { temperature }),
    ...(top_p == null ? {} : { topP: top_p }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(stop == null ? {} : { stop: typeof stop === 'string' ? [stop] : stop }),
    ...(seed == null ? {} : { seed }),
  };
}
