import { APIError } from 'openai';
import { z } from 'zod';
import type { ModelRequest } from '../model.ts';
import { imagesOf } from '../text/images.ts';

/**
 * What a server has refused and is not sent again: fields by name, `tools`, `images`, `tool:` with a name; or to go
 * without: `no reasoning_content`, of servers that want a model's thoughts back in a round of tool calls.
 */
export type Refusals = ReadonlySet<string>;
export const NO_THOUGHTS = 'no reasoning_content';

/** Fields of a request that an answer can be had without. The more telling names first: one holds another. */
const FIELDS = [
  'stream_options',
  'parallel_tool_calls',
  'max_completion_tokens',
  'max_tokens',
  'temperature',
  'top_p',
  'seed',
  'stop',
  'stream',
];
const NOT_KNOWN =
  /support|unrecogni[sz]ed|unknown|unexpected|extra (?:inputs|fields)|not permitted|not allowed|not implemented|does not exist/i;
const NO_TOOLS = /\btools?\b.*(?:support|requires? --)|(?:support|endpoints found).*\btools?\b|requires? --.*tool/is;
const NO_IMAGES = /\b(?:images?|image_url|vision|multimodal)\b/i;
/** OpenAI: `Invalid schema for function 'x': ...`, with `tools[0].function.parameters` as the parameter. */
const BAD_TOOL = /(?:schema|name|function|tool)\b[^'"`]*['"`]([\w.-]{1,128})['"`]/i;

const Detail = z.object({
  message: z.string().catch(''),
  param: z.string().nullish().catch(undefined),
});

/**
 * What to leave out so that a refused request may be taken: one thing per refusal, and never the same twice.
 * Undefined when the refusal is about something else.
 */
export function refusedPart(error: unknown, request: ModelRequest, sent: object, known: Refusals): string | undefined {
  if (!(error instanceof APIError) || ![400, 404, 422, 500, 501].includes(error.status ?? 0)) return undefined;
  const { message, param } = Detail.parse(error.error instanceof Object ? error.error : { message: error.message });
  const isNew = (part: string) => !known.has(part);

  if (/reasoning_content/.test(message) && isNew(NO_THOUGHTS)) return NO_THOUGHTS;
  const tool = badTool(message, param ?? '', request);
  if (tool !== undefined && isNew(`tool:${tool}`)) return `tool:${tool}`;
  if (!NOT_KNOWN.test(message) && !NO_TOOLS.test(message)) return undefined;
  const field = FIELDS.find(
    (name) => name in sent && isNew(name) && (param === name || new RegExp(String.raw`\b${name}\b`).test(message)),
  );
  if (field !== undefined) return field;
  if (request.tools.length > 0 && NO_TOOLS.test(message) && isNew('tools')) return 'tools';
  const hasImages = request.messages.some((entry) => imagesOf(entry).length > 0);
  return hasImages && NO_IMAGES.test(message) && isNew('images') ? 'images' : undefined;
}

/** The tool whose name or schema the server does not take. The others need not go without because of it. */
function badTool(message: string, param: string, { tools }: ModelRequest): string | undefined {
  const index = /^tools(?:\[|\.)(\d+)/.exec(param)?.[1];
  if (index !== undefined) return tools[Number(index)]?.name;
  if (!/invalid|schema|must match|pattern/i.test(message)) return undefined;
  const name = BAD_TOOL.exec(message)?.[1];
  return tools.some((tool) => tool.name === name) ? name : undefined;
}

/** What a reader is told of a refusal. */
export function describeRefusal(model: string, part: string): string | undefined {
  if (part.startsWith('tool:'))
    return `${model} does not take the tool ${part.slice(5)} as it is described; it was left out`;
  if (part === 'images') return `${model} cannot see images; they were left out`;
  if (['temperature', 'top_p', 'seed', 'stop', 'max_tokens'].includes(part)) {
    return `${model} does not take ${part}; it was left out`;
  }
  return undefined;
}
