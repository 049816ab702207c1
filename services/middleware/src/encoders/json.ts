import type { ChatAnswer, ChatApproval, ChatNotice, ChatToolCall } from '@toolmesh/shared/contracts/chat';
import type { FinishedCall, PendingApproval, RunEvent, RunIdentity } from '../run/events.ts';
import { createRunRecorder, lastText } from '../run/run-recorder.ts';

/**
 * Collects a run into one answer. A run that failed after its tools ran is an answer as well, so that their results
 * are not lost.
 * @throws MeshError of a run that failed before any tool ran
 */
export async function encodeJson(events: AsyncIterable<RunEvent>, identity: RunIdentity): Promise<ChatAnswer> {
  const recorder = createRunRecorder();
  const notices: ChatNotice[] = [];
  for await (const event of events) {
    recorder.add(event);
    if (event.type === 'notice') notices.push({ code: event.code, message: event.message });
  }
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
    tool_calls: calls.map(encodeCall),
    ...(approvals.length === 0 ? {} : { pending_approvals: approvals.map(encodeApproval) }),
    ...(notices.length === 0 ? {} : { notices }),
    steps: record.rounds,
    finish_reason: record.finishReason,
    usage: { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: inputTokens + outputTokens },
  };
}

/** Returns a finished call in the form of the contract. */
export function encodeCall({ durationMs, ...call }: FinishedCall): ChatToolCall {
  return { ...call, duration_ms: durationMs };
}

/** Returns a pending approval in the form of the contract. */
export function encodeApproval({ id, callId, name, arguments: args, expiresAt }: PendingApproval): ChatApproval {
  return { id, call_id: callId, name, arguments: args, expires_at: expiresAt };
}
