import { readEvents } from '@toolmesh/shared/kit/http/sse';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { z } from 'zod';
import type { AnswerText } from '../text/answer-text.ts';
import { type CallAssembler, createCallAssembler } from './call-assembler.ts';
import type { ModelEvent } from '../model.ts';
import { endedEarly, garbage, statusError } from '../provider-errors.ts';

/** Content as text, or as parts of which some are reasoning. */
const Content = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().nullish() }))]);
const Message = z.object({
  content: Content.nullish(),
  refusal: z.string().nullish(),
  /** DeepSeek, vLLM, Kimi; Ollama, OpenRouter, newer vLLM. Not part of OpenAI's own format. */
  reasoning_content: z.unknown().optional(),
  reasoning: z.unknown().optional(),
  tool_calls: z
    .array(
      z.object({
        index: z.number().nullish(),
        id: z.string().nullish(),
        function: z.object({ name: z.string().nullish(), arguments: z.unknown().optional() }).nullish(),
      }),
    )
    .nullish(),
});

/** A chunk of a stream, or a whole completion: the part that matters; servers differ in the rest. */
const Chunk = z.object({
  choices: z
    .array(
      z.object({
        index: z.number().nullish(),
        delta: Message.nullish(),
        message: Message.nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z.object({ prompt_tokens: z.number().nullish(), completion_tokens: z.number().nullish() }).nullish(),
  error: z.unknown().optional(),
});

export interface OpenAiAnswer {
  /** The server's name in errors. */
  readonly provider: string;
  readonly response: Response;
  readonly body: AsyncIterable<Uint8Array>;
  readonly text: AnswerText;
}

/** Reads the answer of a server, streamed or not. @throws MeshError for one that failed, broke off or is malformed. */
export async function* readOpenAiAnswer(answer: OpenAiAnswer): AsyncGenerator<ModelEvent> {
  const { provider, response, body, text } = answer;
  const reading = createReading(provider, text);
  if (response.headers.get('content-type')?.includes('json') === true) {
    // A server that does not stream, though it was asked to.
    yield* reading.read(readJson(provider, await response.text()));
    if (!reading.hasChoice()) throw garbage(provider);
    yield* reading.end();
    return;
  }
  let isDone = false;
  const isLast = (data: string) => (isDone = data.trim() === '[DONE]');
  try {
    for await (const { data } of readEvents(body, { isLast })) {
      yield* reading.read(readJson(provider, data));
    }
  } catch (error) {
    // What goes wrong after the end of the answer takes nothing from it.
    if (!reading.hasFinished()) throw error;
  }
  if (!reading.hasFinished() && !(isDone && reading.hasChoice())) throw endedEarly(provider);
  yield* reading.end();
}

function createReading(provider: string, text: AnswerText) {
  const calls: CallAssembler = createCallAssembler();
  let isBegun = false;
  let finishReason: string | undefined;
  let usage: { readonly inputTokens: number; readonly outputTokens: number } | undefined;

  return {
    hasChoice: () => isBegun,
    hasFinished: () => finishReason !== undefined,
    *read(value: unknown): Generator<ModelEvent> {
      const parsed = Chunk.safeParse(value);
      if (!parsed.success) throw garbage(provider, parsed.error);
      const { choices, usage: counted, error } = parsed.data;
      if (error !== undefined && error !== null) throw reportedError(provider, error);
      if (counted) {
        usage = { inputTokens: counted.prompt_tokens ?? 0, outputTokens: counted.completion_tokens ?? 0 };
      }
      const choice = choices?.find(({ index }) => (index ?? 0) === 0);
      if (choice === undefined) return;
      isBegun = true;
      const message = choice.delta ?? choice.message;
      if (message) yield* readMessage(message, text, calls);
      finishReason = choice.finish_reason ?? finishReason;
    },
    *end(): Generator<ModelEvent> {
      yield* text.end();
      yield* calls.end();
      if (usage !== undefined) yield { type: 'usage', ...usage };
      if (finishReason === 'content_filter') {
        const message = `${provider} ended the answer because of its content filter`;
        yield { type: 'notice', code: 'content_filter', message };
      }
      yield { type: 'finish', reason: finishReason === 'length' ? 'length' : 'stop' };
    },
  };
}

function* readMessage(
  message: z.output<typeof Message>,
  text: AnswerText,
  calls: CallAssembler,
): Generator<ModelEvent> {
  const { content, refusal, reasoning_content, reasoning, tool_calls } = message;
  // Some servers send the same thought under both names.
  const thought = [reasoning_content, reasoning].find((part) => typeof part === 'string' && part !== '');
  if (typeof thought === 'string') yield { type: 'reasoning', text: thought };
  const words = typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');
  if (words !== '') yield* text.push(words);
  if (refusal) yield* text.push(refusal);
  for (const { index, id, function: called } of tool_calls ?? []) {
    yield* calls.push({ index, id, name: called?.name, arguments: called?.arguments });
  }
}

const ReportedError = z.object({
  message: z.string().catch('no reason given'),
  code: z.union([z.string(), z.number()]).nullish().catch(undefined),
  type: z.string().nullish().catch(undefined),
});

/** Translates an error that the answer reports after its status was sent. */
function reportedError(provider: string, error: unknown): MeshError {
  const { message, code, type } = ReportedError.parse(error instanceof Object ? error : { message: error });
  const status = Number(code);
  if (status >= 400 && status < 600) return statusError(provider, { status, detail: message });
  if (/rate_?limit/i.test(`${code} ${type}`)) return statusError(provider, { status: 429, detail: message });
  if (/overloaded|unavailable/i.test(`${code} ${type}`)) return statusError(provider, { status: 503, detail: message });
  return new MeshError('upstream_failed', `${provider} failed: ${message.slice(0, 300)}`);
}

function readJson(provider: string, text: string): unknown {
  const value = parseJson(text);
  if (value === undefined) throw garbage(provider);
  return value;
}
