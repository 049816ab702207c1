import type { UIMessageChunk } from 'ai';
import type { ChatAnswer, ChatApproval, ChatNotice, TokenUsage, ToolCallStatus } from './chat.ts';
import type { ErrorBody } from './errors.ts';
import type { Progress } from './tool.ts';

/** The metadata of a streamed message: the run at `start`, and how it ended at `finish`. */
export type ChatStreamMetadata = Pick<ChatAnswer, 'session_id' | 'run_id' | 'provider' | 'model' | 'trace_id'> &
  Partial<Pick<ChatAnswer, 'finish_reason' | 'steps' | 'usage'>>;

/** The payloads of the `data-*` parts, which carry what the AI SDK's protocol has no part for. */
export type ChatStreamData = {
  /** The model that answers; `reason` when it replaces another one. */
  readonly provider: { readonly provider: string; readonly model: string; readonly reason?: string };
  /** Tokens so far. */
  readonly usage: TokenUsage;
  readonly notice: ChatNotice;
  readonly approval: ChatApproval;
  /** Transient: the error that the `error` part behind it names in words only. */
  readonly error: ErrorBody['error'];
  /** Transient: output of a running call. */
  readonly 'tool-output': { readonly tool_call_id: string; readonly text: string; readonly stream?: string };
  /** Transient: progress of a running call. */
  readonly 'tool-progress': { readonly tool_call_id: string } & Progress;
};

/** The `toolMetadata` of a call that has ended. */
export interface ToolCallMetadata {
  readonly status: ToolCallStatus;
  readonly duration_ms: number;
  readonly truncated: boolean;
}

/**
 * One part of a streamed answer: an AI SDK UI message stream, version 1
 * (https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol). `toolMetadata` of the parts that end a call is
 * {@link ToolCallMetadata}; the AI SDK ignores it in `tool-output-denied`.
 */
export type ChatStreamPart =
  | UIMessageChunk<ChatStreamMetadata, ChatStreamData>
  | { readonly type: 'tool-output-denied'; readonly toolCallId: string; readonly toolMetadata: ToolCallMetadata };
