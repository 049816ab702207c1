import type { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Notice } from '../models/model.ts';
import type { FinishReason } from '@toolmesh/shared/contracts/chat';
import type { PendingApproval, RunEvent } from './events.ts';
import type { Step, TurnCall } from './turns.ts';

/** A run, as far as it has come. */
export interface RunRecord {
  readonly steps: readonly Step[];
  /** Rounds of asking the model, without the last one at a bound. */
  readonly rounds: number;
  readonly approvals: readonly PendingApproval[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** `aborted` until the run ends otherwise. */
  readonly finishReason: FinishReason;
  readonly failure: MeshError | undefined;
  /** The model that answered in place of the one that was asked. */
  readonly answeredBy: Notice['answeredBy'];
}

export interface RunRecorder {
  add(event: RunEvent): void;
  record(): RunRecord;
}

/** Assembles the events of a run into a record, for readers that do not stream. */
export function createRunRecorder(): RunRecorder {
  const steps: { text: string; reasoning: string; calls: TurnCall[] }[] = [];
  const approvals: PendingApproval[] = [];
  const counts = { rounds: 0, inputTokens: 0, outputTokens: 0 };
  let finishReason: FinishReason = 'aborted';
  let failure: MeshError | undefined;
  let answeredBy: Notice['answeredBy'];

  const open = () => {
    const step = { text: '', reasoning: '', calls: [] };
    steps.push(step);
    return step;
  };
  const current = () => steps.at(-1) ?? open();
  const change = (id: string, more: Partial<TurnCall>) => {
    for (const { calls } of steps) {
      const index = calls.findIndex((call) => call.id === id);
      const call = calls[index];
      if (call !== undefined) calls[index] = { ...call, ...more };
    }
  };

  return {
    add(event) {
      if (event.type === 'text') current().text += event.text;
      else if (event.type === 'reasoning') current().reasoning += event.text;
      else if (event.type === 'step') {
        counts.rounds = event.step;
        open();
      } else if (event.type === 'tool_call') {
        const { id, name, arguments: args } = event;
        current().calls.push({ id, name, arguments: args });
      } else if (event.type === 'tool_result') change(event.call.id, { outcome: event.call });
      else if (event.type === 'approval_request') {
        const { id, callId, expiresAt } = event.approval;
        approvals.push(event.approval);
        change(callId, { approval: { id, expiresAt } });
      } else if (event.type === 'usage') {
        counts.inputTokens += event.inputTokens;
        counts.outputTokens += event.outputTokens;
      } else if (event.type === 'notice') answeredBy = event.answeredBy ?? answeredBy;
      else if (event.type === 'finish') {
        finishReason = event.reason;
        failure = event.error;
      }
    },
    record: () => ({
      ...counts,
      steps: steps.map(({ text, reasoning, calls }) => ({
        text,
        ...(reasoning === '' ? {} : { reasoning }),
        calls: [...calls],
      })),
      approvals: [...approvals],
      finishReason,
      failure,
      answeredBy,
    }),
  };
}

/** Returns the last text: what a model says beside its calls gives way to what it says once it has their results. */
export const lastText = ({ steps }: Pick<RunRecord, 'steps'>): string =>
  steps.findLast(({ text }) => text !== '')?.text ?? '';
