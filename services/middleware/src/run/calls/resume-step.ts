import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { FinishedCall, PendingApproval, RunEvent } from '../events.ts';
import type { Step } from '../turns.ts';
import { refuseCall } from './run-call.ts';
import { carryOut, type Plan, requestApprovals, type StepOutcome, type Toolbox } from './run-step.ts';

/** The decision on a pending call. `open`: there is none yet, so the call stays pending. */
export type Decision =
  | { readonly kind: 'approved' }
  | { readonly kind: 'denied'; readonly reason?: string }
  /** The approval is not valid: expired, used before, or for another call. */
  | { readonly kind: 'void'; readonly reason: string }
  | { readonly kind: 'open'; readonly approval: PendingApproval };

/** A step with pending calls, and the decision on each of them by its id. */
export interface Resumed {
  readonly step: Step;
  readonly decisions: ReadonlyMap<string, Decision>;
}

/** Carries out decisions. Tools may have changed in the meantime: one that is gone is not called. */
export async function* resumeStep(
  { step, decisions }: Resumed,
  toolbox: Toolbox,
): AsyncGenerator<RunEvent, StepOutcome> {
  const pending = step.calls.filter(({ outcome }) => outcome === undefined);
  const plans = pending.map((call): Plan => planFor(call, decisions.get(call.id), toolbox));
  for (const { call, approval } of plans) {
    if (approval === undefined) yield { type: 'tool_call', id: call.id, name: call.name, arguments: call.arguments };
  }
  const outcomes = yield* carryOut(plans, toolbox);
  yield* requestApprovals(plans);
  const calls = step.calls.map((call) => {
    const outcome = call.outcome ?? outcomes.get(call.id);
    return outcome === undefined ? call : { ...call, outcome };
  });
  return { step: { ...step, calls }, isPending: plans.some(({ approval }) => approval !== undefined) };
}

function planFor(call: Plan['call'], decision: Decision | undefined, { tools, permissionOf }: Toolbox): Plan {
  const refuse = (status: FinishedCall['status'], problem: MeshError): Plan => ({
    call,
    refused: refuseCall(call, status, problem),
  });
  const deny = (message: string): Plan => refuse('denied', new MeshError('forbidden', message));
  if (decision?.kind === 'open') return { call, approval: decision.approval };
  if (decision === undefined) return deny('This call was not approved');
  if (decision.kind === 'void') return deny(decision.reason);
  if (decision.kind === 'denied') {
    const reason = decision.reason === undefined ? '' : `: ${decision.reason}`;
    return deny(`The user did not allow this call${reason}`);
  }
  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined) {
    return refuse('error', new MeshError('unavailable', `The tool ${call.name} is no longer available`));
  }
  return permissionOf(tool) === 'deny' ? deny(`${call.name} may not be used here`) : { call };
}
