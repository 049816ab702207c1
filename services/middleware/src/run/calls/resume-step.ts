import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { FinishedCall, PendingApproval, RunEvent } from '../events.ts';
import { refuseCall } from './run-call.ts';
import { carryOut, type Plan, type StepOutcome, type Toolbox } from './run-step.ts';
import type { Step } from '../turns.ts';

/** What somebody said of a call that waited. `open`: nothing yet, so it goes on waiting. */
export type Decision =
  | { readonly kind: 'approved' }
  | { readonly kind: 'denied'; readonly reason?: string }
  /** The approval does not hold: it is too late, was used, or is of another call. */
  | { readonly kind: 'void'; readonly reason: string }
  | { readonly kind: 'open'; readonly approval: PendingApproval };

/** The step that waited, and the word on each of its calls that has no outcome. */
export interface Resumed {
  readonly step: Step;
  readonly decisions: ReadonlyMap<string, Decision>;
}

/** Carries out what has been decided. Tools may have changed since: one that is gone is not called. */
export async function* resumeStep(
  { step, decisions }: Resumed,
  toolbox: Toolbox,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, StepOutcome> {
  const waiting = step.calls.filter(({ outcome }) => outcome === undefined);
  const plans = waiting.map((call): Plan => planFor(call, decisions.get(call.id), toolbox));
  for (const { call, approval } of plans) {
    if (approval === undefined) yield { type: 'tool_call', id: call.id, name: call.name, arguments: call.arguments };
  }
  const outcomes = yield* carryOut(plans, toolbox, signal);
  for (const { approval } of plans) if (approval !== undefined) yield { type: 'approval_request', approval };
  const calls = step.calls.map((call) => {
    const outcome = call.outcome ?? outcomes.get(call.id);
    return outcome === undefined ? call : { ...call, outcome };
  });
  return { step: { ...step, calls }, isWaiting: plans.some(({ approval }) => approval !== undefined) };
}

function planFor(call: Plan['call'], decision: Decision | undefined, { tools, permissionOf }: Toolbox): Plan {
  const refuse = (status: FinishedCall['status'], problem: MeshError): Plan => ({
    call,
    refused: refuseCall(call, status, problem),
  });
  if (decision?.kind === 'open') return { call, approval: decision.approval };
  if (decision === undefined) return refuse('denied', new MeshError('forbidden', 'Nobody approved this call'));
  if (decision.kind === 'void') return refuse('denied', new MeshError('forbidden', decision.reason));
  if (decision.kind === 'denied') {
    const why = decision.reason === undefined ? '' : `: ${decision.reason}`;
    return refuse('denied', new MeshError('forbidden', `The user did not allow this call${why}`));
  }
  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined) return refuse('error', new MeshError('unavailable', `${call.name} is not there any more`));
  if (permissionOf(tool) === 'deny')
    return refuse('denied', new MeshError('forbidden', `${call.name} may not be used here`));
  return { call };
}
