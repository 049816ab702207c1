import { z } from 'zod';
import { ToolResult } from './tool.ts';

/** Outcome of a tool call of a run (contract, section 3). */
export const ToolCallStatus = z.enum(['ok', 'error', 'denied', 'timeout', 'skipped']);
export type ToolCallStatus = z.output<typeof ToolCallStatus>;

/** Reason for the end of a run (contract, section 3). */
export const FinishReason = z.enum(['stop', 'length', 'max_steps', 'budget', 'aborted', 'error']);
export type FinishReason = z.output<typeof FinishReason>;

/** The reason why a call did not run. `details` holds what helps to correct it: near names, problems, the schema. */
export const CallFailure = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
});
export type CallFailure = z.output<typeof CallFailure>;

/** The outcome of a call: the tool's own result, or the reason why it did not run. */
export const ToolOutcome = z.union([ToolResult, CallFailure]);
export type ToolOutcome = z.output<typeof ToolOutcome>;

/** Tokens that the models of a run read and wrote. */
export const TokenUsage = z.object({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() });
export type TokenUsage = z.output<typeof TokenUsage>;

/** A tool call that has ended. `truncated` says that the model was given less than the whole result. */
export const ChatToolCall = z.object({
  id: z.string(),
  name: z.string(),
  arguments: z.unknown(),
  status: ToolCallStatus,
  result: ToolOutcome,
  duration_ms: z.number(),
  truncated: z.boolean(),
});
export type ChatToolCall = z.output<typeof ChatToolCall>;

/** A tool call that is pending until the user approves or denies it, by `POST /chat` with `approvals`. */
export const ChatApproval = z.object({
  id: z.string(),
  call_id: z.string(),
  name: z.string(),
  arguments: z.unknown(),
  /** ISO 8601, UTC. */
  expires_at: z.string(),
});
export type ChatApproval = z.output<typeof ChatApproval>;

/** The user's decision on one pending call. */
export const ApprovalDecision = z.object({
  id: z.string().min(1).max(256),
  decision: z.enum(['approve', 'deny']),
  reason: z.string().max(2_000).optional(),
});
export type ApprovalDecision = z.output<typeof ApprovalDecision>;

/** A note on an answer for its user: another model gave it, or it could not be kept. */
export const ChatNotice = z.object({ code: z.string(), message: z.string() });
export type ChatNotice = z.output<typeof ChatNotice>;

/** The answer of `POST /chat` that is not streamed (contract, section 3). */
export const ChatAnswer = z.object({
  session_id: z.string(),
  run_id: z.string(),
  response: z.string(),
  message: z.object({ role: z.literal('assistant'), content: z.string() }),
  tool_calls: z.array(ChatToolCall),
  /** Present only while calls are pending. */
  pending_approvals: z.array(ChatApproval).optional(),
  /** Present only when there are any. */
  notices: z.array(ChatNotice).optional(),
  steps: z.int(),
  finish_reason: FinishReason,
  usage: TokenUsage,
  provider: z.string(),
  model: z.string(),
  trace_id: z.string(),
});
export type ChatAnswer = z.output<typeof ChatAnswer>;
