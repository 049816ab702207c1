import type { ChatStreamMetadata, ChatStreamPart } from '@toolmesh/shared/contracts/chat-stream';
import type { FinishReason, TokenUsage } from '@toolmesh/shared/contracts/chat';
import type { FinishedCall, RunEvent, RunIdentity } from '../run/events.ts';
import { encodeApproval } from './json.ts';

/** The headers of an AI SDK UI message stream. */
export const UI_STREAM_HEADERS = { 'x-vercel-ai-ui-message-stream': 'v1' };

/** The AI SDK's reason for each of ours. */
const FINISH_REASONS = {
  stop: 'stop',
  length: 'length',
  max_steps: 'length',
  budget: 'length',
  aborted: 'other',
  error: 'error',
} as const satisfies Record<FinishReason, string>;

type Parts = readonly ChatStreamPart[];
type Event<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** The stream so far, as far as later parts depend on it. */
interface StreamState {
  readonly metadata: ChatStreamMetadata;
  readonly usage: TokenUsage;
  readonly isInStep: boolean;
  readonly steps: number;
  /** The block of text or reasoning that is being written. */
  readonly open: { readonly kind: 'text' | 'reasoning'; readonly id: string } | undefined;
  /** Blocks so far; numbers the next one. */
  readonly blocks: number;
}

/** The state after an event, and the parts that it makes. */
interface Encoded {
  readonly state: StreamState;
  readonly parts: Parts;
}

/**
 * Returns a function that turns the events of one run into parts of a UI message stream. Tools are `dynamic`; what the
 * protocol has no part for is sent as `data-*`.
 */
export function createUiEncoder(identity: RunIdentity): (event: RunEvent) => Parts {
  const { message_id: messageId, ...metadata } = identity;
  let state: StreamState | undefined;
  return (event) => {
    const first = state === undefined ? startParts(messageId, metadata) : [];
    const next = encodeEvent(state ?? initialState(metadata), event);
    state = next.state;
    return [...first, ...next.parts];
  };
}

const initialState = (metadata: ChatStreamMetadata): StreamState => ({
  metadata,
  usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
  isInStep: false,
  steps: 0,
  open: undefined,
  blocks: 0,
});

const startParts = (messageId: string, metadata: ChatStreamMetadata): Parts => [
  { type: 'start', messageId, messageMetadata: metadata },
  { type: 'data-provider', id: 'provider', data: { provider: metadata.provider, model: metadata.model } },
];

function encodeEvent(state: StreamState, event: RunEvent): Encoded {
  switch (event.type) {
    case 'text':
    case 'reasoning':
      return encodeDelta(state, event);
    case 'step':
      return after(endStep(state), { isInStep: true, steps: event.step }, [{ type: 'start-step' }]);
    case 'tool_input_start':
    case 'tool_input_error':
    case 'tool_call':
      return after(closeBlock(state), {}, [encodeInput(event)]);
    case 'notice':
      return encodeNotice(state, event);
    case 'usage':
      return encodeUsage(state, event);
    case 'finish':
      return encodeFinish(state, event);
    default:
      return { state, parts: encodeCallEvent(event) };
  }
}

/** Adds a change and parts to what has been encoded. */
const after = ({ state, parts }: Encoded, change: Partial<StreamState>, more: Parts): Encoded => ({
  state: { ...state, ...change },
  parts: [...parts, ...more],
});

const closeBlock = (state: StreamState): Encoded =>
  state.open === undefined
    ? { state, parts: [] }
    : { state: { ...state, open: undefined }, parts: [{ type: `${state.open.kind}-end`, id: state.open.id }] };

const endStep = (state: StreamState): Encoded =>
  after(closeBlock(state), { isInStep: false }, state.isInStep ? [{ type: 'finish-step' }] : []);

function encodeDelta(state: StreamState, { type: kind, text }: Event<'text' | 'reasoning'>): Encoded {
  if (state.open?.kind === kind) {
    return { state, parts: [{ type: `${kind}-delta`, id: state.open.id, delta: text }] };
  }
  const blocks = state.blocks + 1;
  const id = `${kind}_${blocks}`;
  return after(closeBlock(state), { blocks, open: { kind, id } }, [
    { type: `${kind}-start`, id },
    { type: `${kind}-delta`, id, delta: text },
  ]);
}

function encodeInput(event: Event<'tool_input_start' | 'tool_input_error' | 'tool_call'>): ChatStreamPart {
  const call = { toolCallId: event.id, toolName: event.name, dynamic: true };
  if (event.type === 'tool_input_start') return { type: 'tool-input-start', ...call };
  if (event.type === 'tool_call') return { type: 'tool-input-available', ...call, input: event.arguments ?? null };
  return { type: 'tool-input-error', ...call, input: null, errorText: event.message };
}

/** Encodes the events of a call that change nothing but that call. */
function encodeCallEvent(
  event: Event<'tool_input_delta' | 'tool_output' | 'tool_progress' | 'tool_result' | 'approval_request'>,
): Parts {
  switch (event.type) {
    case 'tool_input_delta':
      return [{ type: 'tool-input-delta', toolCallId: event.id, inputTextDelta: event.text }];
    case 'tool_output': {
      const { type: _type, id, ...output } = event;
      return [{ type: 'data-tool-output', data: { tool_call_id: id, ...output }, transient: true }];
    }
    case 'tool_progress': {
      const { type: _type, id, ...progress } = event;
      return [{ type: 'data-tool-progress', data: { tool_call_id: id, ...progress }, transient: true }];
    }
    case 'tool_result':
      return [encodeResult(event.call)];
    case 'approval_request': {
      const data = encodeApproval(event.approval);
      return [
        { type: 'data-approval', id: data.id, data },
        { type: 'tool-approval-request', approvalId: data.id, toolCallId: data.call_id },
      ];
    }
  }
}

/** Encodes the end of a call. A tool that ran has an output, whether it succeeded or not; a call that did not run has an error. */
function encodeResult({ id: toolCallId, status, result, durationMs, truncated }: FinishedCall): ChatStreamPart {
  const toolMetadata = { status, duration_ms: durationMs, truncated };
  if (status === 'denied') return { type: 'tool-output-denied', toolCallId, toolMetadata };
  if ('error' in result) {
    return { type: 'tool-output-error', toolCallId, errorText: result.error.message, dynamic: true, toolMetadata };
  }
  return { type: 'tool-output-available', toolCallId, output: result, dynamic: true, toolMetadata };
}

function encodeNotice(state: StreamState, { code, message, answeredBy }: Event<'notice'>): Encoded {
  const notice = { type: 'data-notice', data: { code, message } } as const;
  if (answeredBy === undefined) return { state, parts: [notice] };
  return {
    state: { ...state, metadata: { ...state.metadata, ...answeredBy } },
    parts: [notice, { type: 'data-provider', id: 'provider', data: { ...answeredBy, reason: message } }],
  };
}

function encodeUsage(state: StreamState, { inputTokens, outputTokens }: Event<'usage'>): Encoded {
  const usage = {
    input_tokens: state.usage.input_tokens + inputTokens,
    output_tokens: state.usage.output_tokens + outputTokens,
    total_tokens: state.usage.total_tokens + inputTokens + outputTokens,
  };
  return { state: { ...state, usage }, parts: [{ type: 'data-usage', id: 'usage', data: usage }] };
}

function encodeFinish(state: StreamState, { reason, error }: Event<'finish'>): Encoded {
  const { metadata, steps, usage } = state;
  const failure: Parts =
    error === undefined
      ? []
      : [
          { type: 'data-error', data: error.toBody().error, transient: true },
          { type: 'error', errorText: error.message },
        ];
  return after(endStep(state), {}, [
    ...failure,
    ...(reason === 'aborted' ? [{ type: 'abort', reason: 'the run was cancelled' } as const] : []),
    {
      type: 'finish',
      finishReason: FINISH_REASONS[reason],
      messageMetadata: { ...metadata, finish_reason: reason, steps, usage },
    },
  ]);
}
