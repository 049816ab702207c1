import type { Tool } from '@toolmesh/shared/contracts/tool';
import { CALL_TOOL, isHubTool } from '@toolmesh/shared/contracts/hub-tools';
import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Permission } from '../../policy/permission.ts';
import type { ModelToolCall } from '../../models/model.ts';
import type { ModelAnswer } from '../ask-model.ts';
import type { FinishedCall, PendingApproval, RunEvent } from '../events.ts';
import type { Step, TurnCall } from '../turns.ts';
import { createLiveEvents } from './live-events.ts';
import { parseArguments } from './parse-arguments.ts';
import { type PreparedCall, prepareCall } from './prepare-call.ts';
import type { RepetitionGuard } from './repetition-guard.ts';
import { type CallTool, refuseCall, runCall } from './run-call.ts';

/** The tools of a run, and what it needs to call them. */
export interface Toolbox {
  readonly tools: readonly Tool[];
  /** The tools that the model is shown. Default: all. */
  readonly shown?: readonly Tool[];
  readonly callTool: CallTool;
  /** The caller's own tools: a call to one ends the run and is handed back. */
  readonly externalTools: readonly Tool[];
  readonly permissionOf: (tool: Tool) => Permission;
  /** Requests the user's approval. Undefined in non-interactive runs, where the call is denied. */
  readonly requestApproval?: (callId: string, tool: Tool, args: unknown) => PendingApproval;
  /** True when progress and output of tools are wanted. */
  readonly wantsProgress: boolean;
  /** Ends the calls of the run. */
  readonly work: AbortSignal;
}

/** The bounds on the calls of a run; changed by each step. */
export interface StepBounds {
  /** Calls that may still run. */
  callsLeft: number;
  readonly repetition: RepetitionGuard;
}

export interface StepOutcome {
  readonly step: Step;
  /** True when a call is pending: the user has to approve it, or the caller to run it. */
  readonly isPending: boolean;
}

/** Runs the calls of one answer, at the same time where they may run at once. */
export async function* runStep(
  answer: ModelAnswer,
  toolbox: Toolbox,
  bounds: StepBounds,
): AsyncGenerator<RunEvent, StepOutcome> {
  const external = new Set(toolbox.externalTools.map(({ name }) => name));
  const calls = answer.calls.map((call) =>
    prepareCall(meantCall(call, toolbox), [...toolbox.externalTools, ...toolbox.tools]),
  );
  for (const call of calls) yield announce(call, external.has(call.name));
  const plans = calls.map((call): Plan =>
    external.has(call.name) ? { call, isExternal: true } : planCall(call, toolbox, bounds),
  );
  const outcomes = yield* carryOut(plans, toolbox);
  yield* requestApprovals(plans);
  const { text, reasoning } = answer;
  return {
    step: {
      text,
      ...(reasoning === '' ? {} : { reasoning }),
      calls: plans.map((plan) => turnCall(plan, outcomes.get(plan.call.id))),
    },
    isPending: plans.some(({ isExternal, approval }) => isExternal === true || approval !== undefined),
  };
}

/** Returns the call of the tool that a call of `call_tool` names: all that follows is about that one. */
function meantCall(call: ModelToolCall, { shown = [] }: Toolbox): ModelToolCall {
  if (call.name !== CALL_TOOL || !shown.some(({ name }) => name === CALL_TOOL)) return call;
  const { value } = parseArguments(call.arguments);
  if (!isRecord(value)) return call;
  const { name, arguments: args = {} } = value;
  return typeof name !== 'string' || isHubTool(name) ? call : { ...call, name, arguments: args };
}

/** The plan for a call: it runs, unless one of the other fields is set. */
export interface Plan {
  readonly call: Pick<PreparedCall, 'id' | 'name' | 'arguments'>;
  readonly refused?: FinishedCall;
  readonly approval?: PendingApproval;
  readonly isExternal?: true;
}

function planCall(call: PreparedCall, toolbox: Toolbox, bounds: StepBounds): Plan {
  const refuse = (status: FinishedCall['status'], problem: MeshError): Plan => ({
    call,
    refused: refuseCall(call, status, problem),
  });
  const { name, tool, problem } = call;
  if (bounds.repetition.isTooMany(call)) return refuse('skipped', repeated(name));
  if (tool === undefined || problem !== undefined) {
    return refuse('error', problem ?? new MeshError('tool_not_found', `There is no tool named "${name}"`));
  }
  const permission = toolbox.permissionOf(tool);
  if (permission === 'deny') return refuse('denied', new MeshError('forbidden', `${name} may not be used here`));
  if (bounds.callsLeft <= 0) return refuse('skipped', usedUp());
  if (permission === 'ask') {
    if (toolbox.requestApproval === undefined) return refuse('denied', notInteractive(name));
    return { call, approval: toolbox.requestApproval(call.id, tool, call.arguments) };
  }
  bounds.callsLeft -= 1;
  return { call };
}

const repeated = (name: string) =>
  new MeshError(
    'rate_limited',
    `${name} was just called twice with exactly these arguments and was not run again. Use its results, or do ` +
      'something else',
  );
const usedUp = () =>
  new MeshError('rate_limited', 'This chat has used up its tool calls; answer with the results so far');
const notInteractive = (name: string) =>
  new MeshError('forbidden', `${name} needs the user's approval, which cannot be requested here`);

/** Runs what may run, and yields progress, output and results as they come. */
export async function* carryOut(
  plans: readonly Plan[],
  { callTool, wantsProgress, work: signal }: Pick<Toolbox, 'callTool' | 'wantsProgress' | 'work'>,
): AsyncGenerator<RunEvent, ReadonlyMap<string, FinishedCall>> {
  const outcomes = new Map<string, FinishedCall>();
  const live = createLiveEvents();
  const options = { callTool, signal, ...(wantsProgress ? { emit: live.push } : {}) };
  const running = plans
    .filter(({ approval, isExternal }) => approval === undefined && isExternal !== true)
    .map(async ({ call, refused }) => {
      const finished = refused ?? (await runCall(call, options));
      outcomes.set(call.id, finished);
      live.push({ type: 'tool_result', call: finished });
    });
  void Promise.all(running).then(live.end);
  yield* live;
  return outcomes;
}

/** Yields the approvals that the plans wait for. */
export function* requestApprovals(plans: readonly Plan[]): Generator<RunEvent> {
  for (const { approval } of plans) if (approval !== undefined) yield { type: 'approval_request', approval };
}

const announce = ({ id, name, arguments: args, repair }: PreparedCall, isExternal: boolean): RunEvent => ({
  type: 'tool_call',
  id,
  name,
  arguments: args,
  ...(isExternal ? { external: true } : {}),
  ...(repair === undefined ? {} : { repair }),
});

const turnCall = ({ call, approval }: Plan, outcome: FinishedCall | undefined): TurnCall => ({
  id: call.id,
  name: call.name,
  arguments: call.arguments,
  ...(outcome === undefined ? {} : { outcome }),
  ...(approval === undefined ? {} : { approval: { id: approval.id, expiresAt: approval.expiresAt } }),
});
