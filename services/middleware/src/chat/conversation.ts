import type { ApprovalDecision } from '@toolmesh/shared/contracts/chat';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Approvals } from '../policy/approvals.ts';
import type { Decision, Resumed } from '../run/calls/resume-step.ts';
import { refuseCall } from '../run/calls/run-call.ts';
import { type AnswerTurn, pendingCalls, type Turn, type TurnCall } from '../run/turns.ts';

/** A caller's input: a new message, the whole conversation, or decisions on pending calls. */
export type ChatInput =
  | { readonly kind: 'message'; readonly turn: Turn }
  | { readonly kind: 'conversation'; readonly turns: readonly Turn[] }
  | { readonly kind: 'approvals'; readonly approvals: readonly ApprovalDecision[] };

/** A conversation that is ready to be answered. */
export interface Conversation {
  /** All of it; the last turn is `answer`, where there is one. */
  readonly turns: readonly Turn[];
  /** The answer with pending calls that the run continues. */
  readonly answer?: AnswerTurn;
}

/**
 * Joins a caller's input to the stored conversation.
 * @throws MeshError when decisions are given and no call is pending for them
 */
export function openConversation(
  input: ChatInput,
  stored: readonly Turn[] | undefined,
  sessionId: string,
): Conversation {
  if (input.kind === 'message') return { turns: [...(stored === undefined ? [] : denyPending(stored)), input.turn] };
  const turns = input.kind === 'conversation' ? input.turns : decide(input.approvals, stored, sessionId);
  const last = turns.at(-1);
  const pending = pendingCalls(turns);
  if (last?.role !== 'assistant' || pending.length === 0) return { turns };
  if (pending.every(({ approval }) => approval?.decision === undefined)) {
    throw new MeshError(
      'invalid_request',
      'The last message is an answer in which no call has been approved or denied',
    );
  }
  return { turns, answer: last };
}

/** Denies pending calls: a new message implies that they were not approved. */
function denyPending(turns: readonly Turn[]): readonly Turn[] {
  const pending = new Set(pendingCalls(turns));
  const last = turns.at(-1);
  if (pending.size === 0 || last?.role !== 'assistant') return turns;
  const problem = new MeshError('forbidden', 'The call was not approved; the chat went on without it');
  const deny = (call: TurnCall): TurnCall =>
    pending.has(call) ? { ...call, outcome: refuseCall(call, 'denied', problem) } : call;
  return [...turns.slice(0, -1), changeCalls(last, deny)];
}

/** Enters the user's decisions into the calls that they are for. */
function decide(
  decisions: readonly ApprovalDecision[],
  turns: readonly Turn[] | undefined,
  sessionId: string,
): readonly Turn[] {
  const pending = pendingCalls(turns ?? []);
  const last = turns?.at(-1);
  if (turns === undefined || last?.role !== 'assistant' || pending.length === 0) {
    throw new MeshError('not_found', `No call is pending in the session ${sessionId}`);
  }
  const pendingIds = pending.flatMap(({ approval }) => approval?.id ?? []);
  if (decisions.some(({ id }) => !pendingIds.includes(id))) {
    throw new MeshError('forbidden', 'This approval is for no call that is pending in this session', {
      details: { waiting: pendingIds },
    });
  }
  const byId = new Map(decisions.map((decision) => [decision.id, decision]));
  return [...turns.slice(0, -1), changeCalls(last, (call) => withDecision(call, byId))];
}

function withDecision(call: TurnCall, decisions: ReadonlyMap<string, ApprovalDecision>): TurnCall {
  if (call.outcome !== undefined || call.approval === undefined) return call;
  const decision = decisions.get(call.approval.id);
  if (decision === undefined) return call;
  const { decision: word, reason } = decision;
  return { ...call, approval: { ...call.approval, decision: word, ...(reason === undefined ? {} : { reason }) } };
}

const changeCalls = (turn: AnswerTurn, change: (call: TurnCall) => TurnCall): AnswerTurn => ({
  ...turn,
  steps: turn.steps.map((step) => ({ ...step, calls: step.calls.map(change) })),
});

export interface ResumeOptions {
  readonly tools: readonly Tool[];
  readonly approvals: Approvals;
  readonly onDecision: (decision: 'approved' | 'denied' | 'void') => void;
}

/** Returns the decision on each pending call of `answer`. An approval must be for this very call, and is used up. */
export function resumePending(answer: AnswerTurn, options: ResumeOptions): Resumed {
  const step = answer.steps.at(-1) ?? { text: '', calls: [] };
  const decisions = new Map<string, Decision>();
  for (const call of step.calls) {
    if (call.outcome !== undefined || call.approval === undefined) continue;
    const decision = decisionOn(call, call.approval, options);
    decisions.set(call.id, decision);
    if (decision.kind !== 'open') options.onDecision(decision.kind);
  }
  return { step, decisions };
}

function decisionOn(
  call: TurnCall,
  { id, expiresAt, decision, reason }: NonNullable<TurnCall['approval']>,
  { tools, approvals }: ResumeOptions,
): Decision {
  const { id: callId, name, arguments: args } = call;
  if (decision === 'deny') return { kind: 'denied', ...(reason === undefined ? {} : { reason }) };
  if (decision === undefined) {
    return { kind: 'open', approval: { id, callId, name, arguments: args, expiresAt: expiresAt ?? '' } };
  }
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) return { kind: 'void', reason: `The tool ${name} is no longer available` };
  try {
    approvals.redeem(id, { callId, tool, arguments: args });
    return { kind: 'approved' };
  } catch (error) {
    return { kind: 'void', reason: MeshError.from(error).message };
  }
}
