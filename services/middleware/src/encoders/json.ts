import type { MeshError } from '@toolmesh/shared/errors';
import { z } from 'zod';
import type { FinishedCall, FinishReason, RunEvent } from '../run/events.ts';

/** The answer of `POST /chat` (contract, section 3). */
export const ChatAnswer = z.object({
  session_id: z.string(),
  run_id: z.string(),
  response: z.string(),
  message: z.object({ role: z.literal('assistant'), content: z.string() }),
  tool_calls: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      arguments: z.unknown(),
      status: z.enum(['ok', 'error', 'denied', 'timeout', 'skipped']),
      result: z.unknown(),
      duration_ms: z.number(),
      truncated: z.boolean(),
    }),
  ),
  steps: z.int(),
  finish_reason: z.enum(['stop', 'length', 'max_steps', 'budget', 'aborted', 'error']),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() }),
  provider: z.string(),
  model: z.string(),
  trace_id: z.string(),
});
export type ChatAnswer = z.output<typeof ChatAnswer>;

/** What is known of a run before it has begun. */
export type RunIdentity = Pick<ChatAnswer, 'session_id' | 'run_id' | 'provider' | 'model' | 'trace_id'>;

/**
 * Collects a run into one answer. A run that failed after tools had run is an answer, too: what they did is not lost.
 * @throws MeshError of a run that failed before anything had come of it.
 */
export async function encodeJson(events: AsyncIterable<RunEvent>, identity: RunIdentity): Promise<ChatAnswer> {
  const calls = new Map<string, FinishedCall>();
  let response = '';
  const order: string[] = [];
  let isNewPart = true;
  let steps = 0;
  let inputTokens = 0;
  let outputTokens = 0;
  let finishReason: FinishReason = 'error';
  let failure: MeshError | undefined;

  for await (const event of events) {
    if (event.type === 'step') steps = event.step;
    else if (event.type === 'tool_call') order.push(event.id);
    else if (event.type === 'text') {
      // What a model says beside its calls gives way to what it says once it has their results.
      response = isNewPart ? event.text : response + event.text;
      isNewPart = false;
    } else if (event.type === 'tool_result') {
      calls.set(event.call.id, event.call);
      isNewPart = true;
    } else if (event.type === 'usage') {
      inputTokens += event.inputTokens;
      outputTokens += event.outputTokens;
    } else if (event.type === 'finish') {
      finishReason = event.reason;
      failure = event.error;
    }
  }
  if (failure !== undefined && calls.size === 0) throw failure;
  if (failure !== undefined) response = `The model failed before it could answer: ${failure.message}`;
  return {
    ...identity,
    response,
    message: { role: 'assistant', content: response },
    tool_calls: order.flatMap((id) => toAnswer(calls.get(id))),
    steps,
    finish_reason: finishReason,
    usage: { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
  };
}

function toAnswer(call: FinishedCall | undefined): ChatAnswer['tool_calls'] {
  if (call === undefined) return [];
  const { durationMs, ...rest } = call;
  return [{ ...rest, duration_ms: durationMs }];
}
