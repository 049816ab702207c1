import type { MeshError } from '@toolmesh/shared/errors';
import type { ToolResult } from '@toolmesh/shared/tool';

/** How a tool call of a run went (contract, section 3). */
export type ToolCallStatus = 'ok' | 'error' | 'denied' | 'timeout' | 'skipped';

export type FinishReason = 'stop' | 'length' | 'max_steps' | 'budget' | 'aborted' | 'error';

/** What became of a call: the tool's own result, or why it did not run. */
export type ToolOutcome = ToolResult | { readonly error: { readonly code: string; readonly message: string } };

export interface FinishedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  readonly status: ToolCallStatus;
  readonly result: ToolOutcome;
  readonly durationMs: number;
  /** Whether the model was given less than the whole result. */
  readonly truncated: boolean;
}

/** Everything that can happen in a run, in the order in which it does. `finish` is the last. */
export type RunEvent =
  | { readonly type: 'step'; readonly step: number }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_call'; readonly id: string; readonly name: string; readonly arguments: unknown }
  | { readonly type: 'tool_result'; readonly call: FinishedCall }
  | { readonly type: 'usage'; readonly inputTokens: number; readonly outputTokens: number }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly error?: MeshError };
