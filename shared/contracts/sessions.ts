import { z } from 'zod';
import { ChatApproval, ChatToolCall, FinishReason, TokenUsage, ToolCallStatus, ToolOutcome } from './chat.ts';

/** A stored conversation in the list of `GET /sessions`. */
export const SessionEntry = z.object({
  session_id: z.string(),
  /** The same as `session_id`. */
  id: z.string(),
  title: z.string(),
  /** ISO 8601, UTC. */
  updated_at: z.string(),
  message_count: z.int(),
});
export type SessionEntry = z.output<typeof SessionEntry>;

/** The answer of `GET /sessions`, the latest first. */
export const SessionList = z.object({ sessions: z.array(SessionEntry) });
export type SessionList = z.output<typeof SessionList>;

/** A tool call of a stored message, as the AI SDK's `dynamic-tool` part. */
export const SessionToolPart = z.object({
  type: z.literal('dynamic-tool'),
  toolCallId: z.string(),
  toolName: z.string(),
  input: z.unknown(),
  state: z.enum(['approval-requested', 'output-available', 'output-error', 'output-denied']),
  output: ToolOutcome.optional(),
  errorText: z.string().optional(),
  approval: z
    .object({
      id: z.string(),
      expires_at: z.string().optional(),
      approved: z.boolean().optional(),
      reason: z.string().optional(),
    })
    .optional(),
  toolMetadata: z.object({ status: ToolCallStatus, duration_ms: z.number(), truncated: z.boolean() }).optional(),
});
export type SessionToolPart = z.output<typeof SessionToolPart>;

/** A part of a stored message, as the AI SDK's UI messages have it. */
export const SessionPart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step-start') }),
  z.object({ type: z.literal('text'), text: z.string(), state: z.literal('done').optional() }),
  z.object({ type: z.literal('reasoning'), text: z.string(), state: z.literal('done') }),
  z.object({ type: z.literal('file'), mediaType: z.string(), url: z.string(), filename: z.string().optional() }),
  SessionToolPart,
]);
export type SessionPart = z.output<typeof SessionPart>;

/** The run that wrote an answer. */
export const SessionRun = z.object({
  run_id: z.string(),
  provider: z.string(),
  model: z.string(),
  finish_reason: FinishReason,
  duration_ms: z.number(),
  usage: TokenUsage,
});
export type SessionRun = z.output<typeof SessionRun>;

/**
 * A stored message: an AI SDK UI message (`id`, `role`, `parts`, `metadata`), and the same in the plain fields of an
 * answer of `POST /chat`. A call without `status` never ended.
 */
export const SessionMessage = SessionRun.partial().extend({
  id: z.string(),
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
  created_at: z.string().optional(),
  parts: z.array(SessionPart),
  reasoning: z.string().optional(),
  tool_calls: z.array(z.union([ChatToolCall, ChatToolCall.pick({ id: true, name: true, arguments: true })])).optional(),
  metadata: SessionRun.optional(),
});
export type SessionMessage = z.output<typeof SessionMessage>;

/** The answer of `GET /sessions/{id}`; `approvals` are the calls that are pending. */
export const Session = z.object({
  session_id: z.string(),
  messages: z.array(SessionMessage),
  approvals: z.array(ChatApproval),
});
export type Session = z.output<typeof Session>;
