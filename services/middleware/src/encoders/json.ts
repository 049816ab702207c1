import { z } from 'zod';
import type { FinishedCall, PendingApproval, RunEvent } from '../run/events.ts';
import { createRunRecorder, lastText } from '../run/run-recorder.ts';

/** A finished call as callers see it (contract, section 3). */
export const AnswerCall = z.object({
  id: z.string(),
  name: z.string(),
  arguments: z.unknown(),
  status: z.enum(['ok', 'error', 'denied', 'timeout', 'skipped']),
  result: z.unknown(),
  duration_ms: z.number(),
  truncated: z.boolean(),
});
export type AnswerCall = z.output<typeof AnswerCall>;

/** A call that waits for somebody's word, which `POST /chat` with `approvals` gives. */
export const AnswerApproval = z.object({
  id: z.string(),
  call_id: z.string(),
  name: z.string(),
  arguments: z.unknown(),
  expires_at: z.string(),
});
export type AnswerApproval = z.output<typeof AnswerApproval>;

/** The answer of `POST /chat` (contract, section 3). */
export const ChatAnswer = z.object({
  session_id: z.string(),
  run_id: z.string(),
  response: z.string(),
  message: z.object({ role: z.literal('assistant'), content: z.string() }),
  tool_calls: z.array(AnswerCall),
  /** Only where calls wait. */
  pending_approvals: z.array(AnswerApproval).optional(),
  steps: z.int(),
  finish_reason: z.enum(['stop', 'length', 'max_steps', 'budget', 'aborted', 'error']),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() }),
  provider: z.string(),
  model: z.string(),
  trace_id: z.string(),
});
export type ChatAnswer = z.output<typeof ChatAnswer>;

/** What is known of a run before it has begun. */
export interface RunIdentity extends Pick<ChatAnswer, 'session_id' | 'run_id' | 'provider' | 'model' | 'trace_id'> {
  /** Of the message that the run writes, or goes on with. */
  readonly message_id: string;
}

/**
 * Collects a run into one answer. A run that failed after tools had run is an answer, too: what they did is not lost.
 * @throws MeshError of a run that failed before anything had come of it.
 */
export async function encodeJson(events: AsyncIterable<RunEvent>, identity: RunIdentity): Promise<ChatAnswer> {
  const recorder = createRunRecorder();
  for await (const event of events) recorder.add(event);
  const record = recorder.record();
  const calls = record.steps.flatMap((step) => step.calls.flatMap(({ outcome }) => outcome ?? []));
  const { failure, inputTokens, outputTokens, approvals } = record;
  if (failure !== undefined && calls.length === 0) throw failure;
  const response =
    failure === undefined ? lastText(record) : `The model failed before it could answer: ${failure.message}`;
  const { message_id: _messageId, ...known } = identity;
  return {
    ...known,
    ...record.answeredBy,
    response,
    message: { role: 'assistant', content: response },
    tool_calls: calls.map(answerCall),
    ...(approvals.length === 0 ? {} : { pending_approvals: approvals.map(answerApproval) }),
    steps: record.rounds,
    finish_reason: record.finishReason,
    usage: { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
  };
}

export function answerCall({ durationMs, ...call }: FinishedCall): AnswerCall {
  return { ...call, duration_ms: durationMs };
}

export function answerApproval({ id, callId, name, arguments: args, expiresAt }: PendingApproval): AnswerApproval {
  return { id, call_id: callId, name, arguments: args, expires_at: expiresAt };
}
