import type { FinishReason, FinishedCall, RunEvent } from '../run/events.ts';
import { answerApproval, type RunIdentity } from './json.ts';

/** One part of an AI SDK UI message stream, version 1 (https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol). */
export type UiPart = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The headers of such a stream. */
export const UI_STREAM_HEADERS = { 'x-vercel-ai-ui-message-stream': 'v1' };

const FINISH: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  max_steps: 'length',
  budget: 'length',
  aborted: 'other',
  error: 'error',
};

type Part = 'text' | 'reasoning';

/**
 * Turns the events of one run into parts of a UI message stream, event by event. Tools are `dynamic`; what the
 * protocol has no part for comes as `data-*`: `provider`, `usage` (so far), `notice`, `approval`, and, transient,
 * `tool-output` and `tool-progress` of calls that run.
 */
export function createUiEncoder(identity: RunIdentity): (event: RunEvent) => readonly UiPart[] {
  const { message_id: messageId, ...metadata } = identity;
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  let open: { readonly kind: Part; readonly id: string } | undefined;
  let count = 0;
  let isInStep = false;
  let isStarted = false;
  let steps = 0;

  const start = (): UiPart[] => {
    if (isStarted) return [];
    isStarted = true;
    const { provider, model } = identity;
    return [
      { type: 'start', messageId, messageMetadata: metadata },
      { type: 'data-provider', id: 'provider', data: { provider, model } },
    ];
  };
  const close = (): UiPart[] => {
    if (open === undefined) return [];
    const { kind, id } = open;
    open = undefined;
    return [{ type: `${kind}-end`, id }];
  };
  const delta = (kind: Part, text: string): UiPart[] => {
    if (open?.kind === kind) return [{ type: `${kind}-delta`, id: open.id, delta: text }];
    const closed = close();
    count += 1;
    open = { kind, id: `${kind}_${count}` };
    return [...closed, { type: `${kind}-start`, id: open.id }, { type: `${kind}-delta`, id: open.id, delta: text }];
  };
  const endStep = (): UiPart[] => {
    const ended = isInStep ? [{ type: 'finish-step' }] : [];
    isInStep = false;
    return [...close(), ...ended];
  };

  const encode = (event: RunEvent): readonly UiPart[] => {
    switch (event.type) {
      case 'text':
      case 'reasoning':
        return delta(event.type, event.text);
      case 'step': {
        const ended = endStep();
        isInStep = true;
        steps = event.step;
        return [...ended, { type: 'start-step' }];
      }
      case 'tool_input_start':
        return [...close(), { type: 'tool-input-start', toolCallId: event.id, toolName: event.name, dynamic: true }];
      case 'tool_input_delta':
        return [{ type: 'tool-input-delta', toolCallId: event.id, inputTextDelta: event.text }];
      case 'tool_input_error': {
        const { id: toolCallId, name: toolName, message: errorText } = event;
        return [...close(), { type: 'tool-input-error', toolCallId, toolName, dynamic: true, input: null, errorText }];
      }
      case 'tool_call': {
        const { id: toolCallId, name: toolName, arguments: input } = event;
        return [
          ...close(),
          { type: 'tool-input-available', toolCallId, toolName, dynamic: true, input: input ?? null },
        ];
      }
      case 'tool_output':
      case 'tool_progress': {
        const { type, id, ...data } = event;
        return [{ type: `data-${type.replace('_', '-')}`, data: { tool_call_id: id, ...data }, transient: true }];
      }
      case 'tool_result':
        return [encodeResult(event.call)];
      case 'approval_request': {
        const data = answerApproval(event.approval);
        return [
          { type: 'data-approval', id: data.id, data },
          { type: 'tool-approval-request', approvalId: data.id, toolCallId: data.call_id },
        ];
      }
      case 'notice': {
        const { code, message, answeredBy } = event;
        const notice = { type: 'data-notice', data: { code, message } };
        if (answeredBy === undefined) return [notice];
        Object.assign(metadata, answeredBy);
        return [notice, { type: 'data-provider', id: 'provider', data: { ...answeredBy, reason: message } }];
      }
      case 'usage':
        usage.input_tokens += event.inputTokens;
        usage.output_tokens += event.outputTokens;
        usage.total_tokens += event.inputTokens + event.outputTokens;
        return [{ type: 'data-usage', id: 'usage', data: { ...usage } }];
      case 'finish': {
        const { reason, error } = event;
        const finish = { finish_reason: reason, steps, usage: { ...usage } };
        return [
          ...endStep(),
          ...(error === undefined ? [] : [{ type: 'data-error', data: error.toBody().error, transient: true }]),
          ...(error === undefined ? [] : [{ type: 'error', errorText: error.message }]),
          ...(reason === 'aborted' ? [{ type: 'abort', reason: 'the run was cancelled' }] : []),
          { type: 'finish', finishReason: FINISH[reason], messageMetadata: { ...metadata, ...finish } },
        ];
      }
    }
  };
  return (event) => [...start(), ...encode(event)];
}

/** A tool that ran has an output, however well it did; a call that did not run has an error. */
function encodeResult({ id: toolCallId, status, result, durationMs, truncated }: FinishedCall): UiPart {
  const toolMetadata = { status, duration_ms: durationMs, truncated };
  if (status === 'denied') return { type: 'tool-output-denied', toolCallId, toolMetadata };
  if (!('error' in result))
    return { type: 'tool-output-available', toolCallId, output: result, dynamic: true, toolMetadata };
  return { type: 'tool-output-error', toolCallId, errorText: result.error.message, dynamic: true, toolMetadata };
}
