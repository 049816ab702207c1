import { answerApproval, answerCall, type AnswerCall } from './json.ts';
import { type AnswerTurn, openCalls, type RunSummary, type Step, type Turn, type TurnCall } from '../run/turns.ts';

/**
 * A message as `GET /sessions/{id}` shows it: an AI SDK UI message (`id`, `role`, `parts`, `metadata`), and the same in
 * the plain fields of an answer of `POST /chat`. A call without `status` has not come to an end.
 */
export interface SessionMessage {
  readonly id: string;
  readonly role: Turn['role'];
  readonly content: string;
  readonly created_at?: string;
  readonly parts: readonly Json[];
  readonly reasoning?: string;
  readonly tool_calls?: readonly (AnswerCall | Pick<AnswerCall, 'id' | 'name' | 'arguments'>)[];
  readonly metadata?: Json;
}

type Json = Readonly<Record<string, unknown>>;

/** A conversation in the form in which pages draw it, and the calls in it that wait for somebody's word. */
export function viewSession(id: string, turns: readonly Turn[]) {
  const approvals = openCalls(turns).map(({ id: callId, name, arguments: args, approval }) =>
    answerApproval({
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
      { type: 'text', text: content },
      ...images.map(({ mimeType, data }) => ({
        type: 'file',
        mediaType: mimeType,
        url: `data:${mimeType};base64,${data}`,
      })),
    ],
  };
}

function viewAnswer({ id, role, steps, createdAt, run }: AnswerTurn): SessionMessage {
  const reasoning = steps.flatMap((step) => step.reasoning ?? []).join('\n\n');
  const metadata = run === undefined ? undefined : viewRun(run);
  return {
    id,
    role,
    content: spoken(steps),
    ...(createdAt === undefined ? {} : { created_at: createdAt }),
    parts: steps.flatMap(viewStep),
    ...(reasoning === '' ? {} : { reasoning }),
    tool_calls: steps.flatMap((step) =>
      step.calls.map(({ outcome, ...call }) =>
        outcome === undefined ? { id: call.id, name: call.name, arguments: call.arguments } : answerCall(outcome),
      ),
    ),
    ...metadata,
    ...(metadata === undefined ? {} : { metadata }),
  };
}

const viewRun = (run: RunSummary) => ({
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

/** All that was said in words, in one text. */
export const spoken = (steps: readonly Step[]): string =>
  steps
    .map(({ text }) => text)
    .filter((text) => text !== '')
    .join('\n\n');

function viewStep({ text, reasoning, calls }: Step) {
  return [
    { type: 'step-start' },
    ...(reasoning === undefined ? [] : [{ type: 'reasoning', text: reasoning, state: 'done' }]),
    ...(text === '' ? [] : [{ type: 'text', text, state: 'done' }]),
    ...calls.map(viewCall),
  ];
}

function viewCall({ id, name, arguments: input, outcome, approval }: TurnCall) {
  const asked = approval === undefined ? {} : { approval: viewApproval(approval) };
  const part = { type: 'dynamic-tool', toolCallId: id, toolName: name, input, ...asked };
  if (outcome === undefined) {
    const waits = approval !== undefined && approval.decision === undefined;
    return waits
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
