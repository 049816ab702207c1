import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Notice } from '../models/model.ts';
import type { ChatAnswer, FinishReason, ToolCallStatus, ToolOutcome } from '@toolmesh/shared/contracts/chat';
import type { Progress } from '@toolmesh/shared/contracts/tool';

/** The identity of a run, known before it begins. */
export interface RunIdentity extends Pick<ChatAnswer, 'session_id' | 'run_id' | 'provider' | 'model' | 'trace_id'> {
  /** The message that the run writes, or continues. */
  readonly message_id: string;
}

/** A tool call that has ended. */
export interface FinishedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  readonly status: ToolCallStatus;
  readonly result: ToolOutcome;
  readonly durationMs: number;
  /** True when the model was given less than the whole result. */
  readonly truncated: boolean;
}

/** A call that is pending until the user approves or denies it. */
export interface PendingApproval {
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  /** Exactly what would be run. */
  readonly arguments: unknown;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

/**
 * The events of a run, in order; encoders turn them into answers. A call may be announced (`tool_input_start`,
 * `tool_input_delta`); then comes its `tool_call`, or `tool_input_error` when the model never finished it. Each
 * `tool_call` is followed by its `tool_result`, unless it is `external` (the caller runs it) or needs approval.
 * `finish` is the last event, and there is always one.
 */
export type RunEvent =
  /** The model is asked; the last time without tools, under the number of the step before. */
  | { readonly type: 'step'; readonly step: number }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool_input_start'; readonly id: string; readonly name: string }
  | { readonly type: 'tool_input_delta'; readonly id: string; readonly text: string }
  | { readonly type: 'tool_input_error'; readonly id: string; readonly name: string; readonly message: string }
  | {
      readonly type: 'tool_call';
      readonly id: string;
      readonly name: string;
      readonly arguments: unknown;
      readonly external?: true;
      /** The repair that made the arguments valid. */
      readonly repair?: ArgumentRepair;
    }
  | ({ readonly type: 'tool_progress'; readonly id: string } & Progress)
  /** Output of a running call as it comes; sent only to callers that want it. */
  | { readonly type: 'tool_output'; readonly id: string; readonly text: string; readonly stream?: string }
  | { readonly type: 'tool_result'; readonly call: FinishedCall }
  | { readonly type: 'approval_request'; readonly approval: PendingApproval }
  | Notice
  | { readonly type: 'usage'; readonly inputTokens: number; readonly outputTokens: number }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly error?: MeshError };

/** `syntax`: text that was not quite JSON; `type`: a value of another type than the schema's, without loss. */
export type ArgumentRepair = 'syntax' | 'type';
