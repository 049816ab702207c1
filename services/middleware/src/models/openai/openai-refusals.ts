import { APIError } from 'openai';
import { z } from 'zod';
import type { ModelRequest } from '../model.ts';
import { imagesOf } from '../text/images.ts';

/**
 * The parts that a server has refused and is not sent again: fields by name, `tools`, `images`, `tool:` with a name; or
 * `no reasoning_content`, of servers that want a model's reasoning back in a round of tool calls.
 */
export type Refusals = ReadonlySet<string>;
export const NO_THOUGHTS = 'no reasoning_content';

/** Optional fields of a request. Longer names first, where one contains another. */
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

/** The reason stands at the beginning of a message; what may follow is the request that it is about. */
const MAX_MESSAGE_CHARS = 4_000;
const Detail = z.object({
  message: z
    .string()
    .catch('')
    .transform((message) => message.slice(0, MAX_MESSAGE_CHARS)),
  param: z.string().nullish().catch(undefined),
});

/** A refused request: what was asked, the body that was sent, and what is left out already. */
export interface RefusedRequest {
  readonly request: ModelRequest;
  readonly body: object;
  readonly known: Refusals;
}

interface Refusal extends RefusedRequest {
  readonly message: string;
  readonly param: string;
}

/** The rules that read a refusal, in the order in which they are tried. Each returns what to leave out, if it applies. */
const RULES: readonly ((refusal: Refusal) => string | undefined)[] = [
  ({ message }) => (/reasoning_content/.test(message) ? NO_THOUGHTS : undefined),
  (refusal) => {
    const tool = badTool(refusal);
    return tool === undefined ? undefined : `tool:${tool}`;
  },
  unknownField,
  ({ message, request }) => (request.tools.length > 0 && NO_TOOLS.test(message) ? 'tools' : undefined),
  ({ message, request }) => {
    const hasImages = request.messages.some((entry) => imagesOf(entry).length > 0);
    return isUnsupported(message) && hasImages && NO_IMAGES.test(message) ? 'images' : undefined;
  },
];

const REFUSING = new Set([400, 404, 422, 500, 501]);

/**
 * Returns what to leave out so that the server may take the request: one part per refusal, and never the same twice.
 * Undefined when the refusal is about something else.
 */
export function refusedPart(error: unknown, refused: RefusedRequest): string | undefined {
  if (!(error instanceof APIError) || !REFUSING.has(error.status ?? 0)) return undefined;
  const { message, param } = Detail.parse(error.error instanceof Object ? error.error : { message: error.message });
  const refusal: Refusal = { ...refused, message, param: param ?? '' };
  for (const rule of RULES) {
    const part = rule(refusal);
    if (part !== undefined && !refused.known.has(part)) return part;
  }
  return undefined;
}

const isUnsupported = (message: string): boolean => NOT_KNOWN.test(message) || NO_TOOLS.test(message);

/** Returns the field of the body that the server does not know. */
function unknownField({ message, param, body, known }: Refusal): string | undefined {
  if (!isUnsupported(message)) return undefined;
  return FIELDS.find(
    (name) => name in body && !known.has(name) && (param === name || new RegExp(String.raw`\b${name}\b`).test(message)),
  );
}

/** Returns the tool whose name or schema the server does not take: only that one has to be left out. */
function badTool({ message, param, request: { tools } }: Refusal): string | undefined {
  const index = /^tools(?:\[|\.)(\d+)/.exec(param)?.[1];
  if (index !== undefined) return tools[Number(index)]?.name;
  if (!/invalid|schema|must match|pattern/i.test(message)) return undefined;
  const name = BAD_TOOL.exec(message)?.[1];
  return tools.some((tool) => tool.name === name) ? name : undefined;
}

/** Returns the notice for a part that was left out; undefined for parts that make no difference to the user. */
export function describeRefusal(model: string, part: string): string | undefined {
  if (part.startsWith('tool:'))
    return `${model} does not take the tool ${part.slice(5)} as it is described; it was left out`;
  if (part === 'images') return `${model} cannot see images; they were left out`;
  if (['temperature', 'top_p', 'seed', 'stop', 'max_tokens'].includes(part)) {
    return `${model} does not take ${part}; it was left out`;
  }
  return undefined;
}
