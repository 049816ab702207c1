import type {
  Session,
  SessionList,
  SessionMessage,
  SessionPart,
  SessionRun,
  SessionToolPart,
} from '@toolmesh/shared/contracts/sessions';
import { contentPath } from '@toolmesh/shared/contracts/files';
import {
  type AnswerTurn,
  pendingCalls,
  type RunSummary,
  type Step,
  type Turn,
  type TurnCall,
  type TurnFile,
} from '../run/turns.ts';
import type { SessionSummary } from '../sessions/session-store.ts';
import { encodeApproval, encodeCall } from './json.ts';

/** Returns the list of stored conversations in the form of the contract. */
export const viewSessions = (sessions: readonly SessionSummary[]): SessionList => ({
  sessions: sessions.map(({ id, title, updatedAt, messageCount }) => ({
    session_id: id,
    id,
    title,
    updated_at: updatedAt,
    message_count: messageCount,
  })),
});

/** Returns a stored conversation as pages draw it, with the calls in it that are pending. */
export function viewSession(id: string, turns: readonly Turn[]): Session {
  const approvals = pendingCalls(turns).map(({ id: callId, name, arguments: args, approval }) =>
    encodeApproval({
      id: approval?.id ?? '',
      callId,
      name,
      arguments: args,
      expiresAt: approval?.expiresAt ?? '',
    }),
  );
  return { session_id: id, messages: turns.map(viewTurn), approvals };
}

function viewTurn(turn: Turn): SessionMessage {
  if (turn.role === 'assistant') return viewAnswer(turn);
  const { id, role, content } = turn;
  const images = turn.role === 'user' ? (turn.images ?? []) : [];
  return {
    id,
    role,
    content,
    ...(turn.role === 'user' && turn.createdAt !== undefined ? { created_at: turn.createdAt } : {}),
    parts: [
      { type: 'text' as const, text: content },
      ...images.map(({ mimeType, data }) => ({
        type: 'file' as const,
        mediaType: mimeType,
        url: `data:${mimeType};base64,${data}`,
      })),
      ...(turn.role === 'user' ? (turn.files ?? []) : []).flatMap(viewFile),
    ],
  };
}

function viewFile({ fileId, name, mimeType = 'application/octet-stream' }: TurnFile): readonly SessionPart[] {
  if (fileId === undefined) return [];
  return [
    { type: 'file', mediaType: mimeType, url: contentPath(fileId), ...(name === undefined ? {} : { filename: name }) },
  ];
}

function viewAnswer({ id, role, steps, createdAt, run }: AnswerTurn): SessionMessage {
  const reasoning = steps.flatMap((step) => step.reasoning ?? []).join('\n\n');
  const metadata = run === undefined ? undefined : viewRun(run);
  return {
    id,
    role,
    content: spokenText(steps),
    ...(createdAt === undefined ? {} : { created_at: createdAt }),
    parts: steps.flatMap(viewStep),
    ...(reasoning === '' ? {} : { reasoning }),
    tool_calls: steps.flatMap((step) =>
      step.calls.map(({ outcome, ...call }) =>
        outcome === undefined ? { id: call.id, name: call.name, arguments: call.arguments } : encodeCall(outcome),
      ),
    ),
    ...metadata,
    ...(metadata === undefined ? {} : { metadata }),
  };
}

const viewRun = (run: RunSummary): SessionRun => ({
  run_id: run.runId,
  provider: run.provider,
  model: run.model,
  finish_reason: run.finishReason,
  duration_ms: run.durationMs,
  usage: {
    input_tokens: run.inputTokens,
    output_tokens: run.outputTokens,
    total_tokens: run.inputTokens + run.outputTokens,
  },
});

const spokenText = (steps: readonly Step[]): string =>
  steps
    .map(({ text }) => text)
    .filter((text) => text !== '')
    .join('\n\n');

function viewStep({ text, reasoning, calls }: Step): readonly SessionPart[] {
  return [
    { type: 'step-start' },
    ...(reasoning === undefined ? [] : [{ type: 'reasoning' as const, text: reasoning, state: 'done' as const }]),
    ...(text === '' ? [] : [{ type: 'text' as const, text, state: 'done' as const }]),
    ...calls.map(viewCall),
  ];
}

function viewCall({ id, name, arguments: input, outcome, approval }: TurnCall): SessionToolPart {
  const asked = approval === undefined ? {} : { approval: viewApproval(approval) };
  const part = { type: 'dynamic-tool' as const, toolCallId: id, toolName: name, input, ...asked };
  if (outcome === undefined) {
    const isPending = approval !== undefined && approval.decision === undefined;
    return isPending
      ? { ...part, state: 'approval-requested' }
      : { ...part, state: 'output-error', errorText: 'The call was not run' };
  }
  const { status, result, durationMs, truncated } = outcome;
  const toolMetadata = { status, duration_ms: durationMs, truncated };
  if (status === 'denied') return { ...part, state: 'output-denied', toolMetadata };
  if ('error' in result) return { ...part, state: 'output-error', errorText: result.error.message, toolMetadata };
  return { ...part, state: 'output-available', output: result, toolMetadata };
}

function viewApproval({ id, expiresAt, decision, reason }: NonNullable<TurnCall['approval']>) {
  return {
    id,
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    ...(decision === undefined ? {} : { approved: decision === 'approve' }),
    ...(reason === undefined ? {} : { reason }),
  };
}
