import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ApprovalDecision } from '@toolmesh/shared/contracts/chat';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { Approvals } from '../policy/approvals.ts';
import type { RunRecord } from '../run/run-recorder.ts';
import type { Decision, Resumed } from '../run/calls/resume-step.ts';
import { refuseCall } from '../run/calls/run-call.ts';
import { type AnswerTurn, pendingCalls, type RunSummary, type Step, type Turn, type TurnCall } from '../run/turns.ts';

/** What a caller says: something new, the whole conversation, or a word on what waits. */
export type Saying =
  | { readonly kind: 'message'; readonly turn: Turn }
  | { readonly kind: 'conversation'; readonly turns: readonly Turn[] }
  | { readonly kind: 'approvals'; readonly approvals: readonly ApprovalDecision[] };

/** A conversation that is ready to be answered. */
export interface Conversation {
  /** All of it; the last turn is `answer`, where there is one. */
  readonly turns: readonly Turn[];
  /** The answer that waited and goes on. */
  readonly answer?: AnswerTurn;
}

/**
 * Joins what was said to what is kept.
 * @throws MeshError when approvals are given for what does not wait for them.
 */
export function openConversation(saying: Saying, stored: readonly Turn[] | undefined, sessionId: string): Conversation {
  if (saying.kind === 'message') return { turns: [...settle(stored ?? []), saying.turn] };
  const turns = saying.kind === 'conversation' ? saying.turns : decide(saying.approvals, stored, sessionId);
  const last = turns.at(-1);
  if (last?.role !== 'assistant') return { turns };
  const open = pendingCalls(turns);
  if (open.length === 0) return { turns };
  if (open.every(({ approval }) => approval?.decision === undefined)) {
    throw new MeshError(
      'invalid_request',
      'The last message is an answer in which no call has been approved or denied',
    );
  }
  return { turns, answer: last };
}

/** Whoever goes on talking did not approve what still waits. */
function settle(turns: readonly Turn[]): readonly Turn[] {
  const open = new Set(pendingCalls(turns));
  const last = turns.at(-1);
  if (open.size === 0 || last?.role !== 'assistant') return turns;
  const problem = new MeshError('forbidden', 'Nobody approved this call; the chat went on without it');
  return [
    ...turns.slice(0, -1),
    changeCalls(last, (call) => (open.has(call) ? { ...call, outcome: refuseCall(call, 'denied', problem) } : call)),
  ];
}

function decide(
  answers: readonly ApprovalDecision[],
  turns: readonly Turn[] | undefined,
  sessionId: string,
): readonly Turn[] {
  const open = pendingCalls(turns ?? []);
  const last = turns?.at(-1);
  if (turns === undefined || last?.role !== 'assistant' || open.length === 0) {
    throw new MeshError('not_found', `Nothing waits for approval in the session ${sessionId}`);
  }
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  const strange = answers.find(({ id }) => open.every(({ approval }) => approval?.id !== id));
  if (strange !== undefined) {
    const waiting = open.flatMap(({ approval }) => approval?.id ?? []);
    throw new MeshError('forbidden', 'This approval is of no call that waits in this session', {
      details: { waiting },
    });
  }
  const decided = changeCalls(last, (call) => {
    const answer = call.outcome === undefined && call.approval !== undefined ? byId.get(call.approval.id) : undefined;
    if (answer === undefined || call.approval === undefined) return call;
    const { decision, reason } = answer;
    return { ...call, approval: { ...call.approval, decision, ...(reason === undefined ? {} : { reason }) } };
  });
  return [...turns.slice(0, -1), decided];
}

const changeCalls = (turn: AnswerTurn, change: (call: TurnCall) => TurnCall): AnswerTurn => ({
  ...turn,
  steps: turn.steps.map((step) => ({ ...step, calls: step.calls.map(change) })),
});

/** What is to become of each call of `answer` that waits: an approval has to hold for this very call, and is used up. */
export function resume(
  answer: AnswerTurn,
  tools: readonly Tool[],
  approvals: Approvals,
  onDecision: (decision: 'approved' | 'denied' | 'void') => void,
): Resumed {
  const step = answer.steps.at(-1) ?? { text: '', calls: [] };
  const decisions = new Map<string, Decision>();
  for (const call of step.calls) {
    if (call.outcome !== undefined || call.approval === undefined) continue;
    const decision = decisionOn(call, call.approval, tools, approvals);
    decisions.set(call.id, decision);
    if (decision.kind !== 'open') onDecision(decision.kind);
  }
  return { step, decisions };
}

function decisionOn(
  call: TurnCall,
  { id, expiresAt, decision, reason }: NonNullable<TurnCall['approval']>,
  tools: readonly Tool[],
  approvals: Approvals,
): Decision {
  const { id: callId, name, arguments: args } = call;
  if (decision === 'deny') return { kind: 'denied', ...(reason === undefined ? {} : { reason }) };
  if (decision === undefined) {
    return { kind: 'open', approval: { id, callId, name, arguments: args, expiresAt: expiresAt ?? '' } };
  }
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) return { kind: 'void', reason: `${name} is not there any more` };
  try {
    approvals.redeem(id, { callId, tool, arguments: args });
    return { kind: 'approved' };
  } catch (error) {
    return { kind: 'void', reason: MeshError.from(error).message };
  }
}

/** The answer that a run made of `before`, or a new one; undefined when nothing came of it. */
export function answerTurn(
  id: string,
  record: RunRecord,
  run: Omit<RunSummary, 'finishReason' | 'inputTokens' | 'outputTokens'>,
  before?: AnswerTurn,
): AnswerTurn | undefined {
  const steps = joinSteps(before?.steps ?? [], record.steps);
  if (steps.length === 0) return undefined;
  const { finishReason, inputTokens, outputTokens } = record;
  const was = before?.run;
  return {
    role: 'assistant',
    id,
    steps,
    createdAt: before?.createdAt ?? new Date().toISOString(),
    run: {
      ...run,
      finishReason,
      inputTokens: inputTokens + (was?.inputTokens ?? 0),
      outputTokens: outputTokens + (was?.outputTokens ?? 0),
      durationMs: run.durationMs + (was?.durationMs ?? 0),
    },
  };
}

/** A run that goes on tells of calls that are there already: their outcomes go where the calls are. */
function joinSteps(before: readonly Step[], after: readonly Step[]): readonly Step[] {
  const told = new Map(after.flatMap((step) => step.calls.map((call) => [call.id, call])));
  const known = new Set(before.flatMap((step) => step.calls.map(({ id }) => id)));
  const old = before.map((step) => ({
    ...step,
    calls: step.calls.map((call) => {
      const outcome = call.outcome ?? told.get(call.id)?.outcome;
      return outcome === undefined ? call : { ...call, outcome };
    }),
  }));
  const added = after
    .map((step) => ({ ...step, calls: step.calls.filter(({ id }) => !known.has(id)) }))
    .filter(({ text, reasoning, calls }) => text !== '' || reasoning !== undefined || calls.length > 0);
  return [...old, ...added];
}
