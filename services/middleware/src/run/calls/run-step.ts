import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { Permission } from '../../policy/permission.ts';
import { type PreparedCall, prepareCall } from './prepare-call.ts';
import type { Said } from '../ask-model.ts';
import type { FinishedCall, PendingApproval, RunEvent } from '../events.ts';
import { createLiveEvents } from './live-events.ts';
import type { createRepetitionGuard } from './repetition-guard.ts';
import { type CallTool, refuseCall, runCall } from './run-call.ts';
import type { Step, TurnCall } from '../turns.ts';

/** What the calls of a run need. */
export interface Toolbox {
  readonly tools: readonly Tool[];
  readonly callTool: CallTool;
  /** Tools of the caller's own: a call to one ends the run and goes back. */
  readonly externalTools: readonly Tool[];
  readonly permissionOf: (tool: Tool) => Permission;
  /** Asks for somebody's word; absent where nobody can be asked, and the call is then denied. */
  readonly requestApproval?: (callId: string, tool: Tool, args: unknown) => PendingApproval;
  /** Whether somebody listens to progress and output. */
  readonly isListening: boolean;
}

export interface StepBounds {
  /** Calls that may still run; each that does takes one. */
  callsLeft: number;
  readonly repetition: ReturnType<typeof createRepetitionGuard>;
}

export interface StepOutcome {
  readonly step: Step;
  /** Whether a call waits: for somebody's word, or for the caller to run it. */
  readonly isWaiting: boolean;
}

/** Carries out the calls of one answer, all that may run at the same time. */
export async function* runStep(
  said: Said,
  toolbox: Toolbox,
  bounds: StepBounds,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, StepOutcome> {
  const external = new Set(toolbox.externalTools.map(({ name }) => name));
  const calls = said.calls.map((call) => prepareCall(call, [...toolbox.externalTools, ...toolbox.tools]));
  for (const { id, name, arguments: args, repair } of calls) {
    const isExternal = external.has(name);
    const extras = { ...(isExternal ? { external: true as const } : {}), ...(repair === undefined ? {} : { repair }) };
    yield { type: 'tool_call', id, name, arguments: args, ...extras };
  }
  const plans = calls.map((call): Plan =>
    external.has(call.name) ? { call, isExternal: true } : plan(call, toolbox, bounds),
  );
  const outcomes = yield* carryOut(plans, toolbox, signal);
  const done: TurnCall[] = [];
  for (const { call, approval } of plans) {
    const outcome = outcomes.get(call.id);
    const { id, name, arguments: args } = call;
    if (approval !== undefined) yield { type: 'approval_request', approval };
    done.push({
      id,
      name,
      arguments: args,
      ...(outcome === undefined ? {} : { outcome }),
      ...(approval === undefined ? {} : { approval: { id: approval.id, expiresAt: approval.expiresAt } }),
    });
  }
  const { text, reasoning } = said;
  const isWaiting = plans.some(({ isExternal, approval }) => isExternal === true || approval !== undefined);
  return { step: { text, ...(reasoning === '' ? {} : { reasoning }), calls: done }, isWaiting };
}

/** What is to become of a call: it runs, unless one of these says otherwise. */
export interface Plan {
  readonly call: Pick<PreparedCall, 'id' | 'name' | 'arguments'>;
  readonly refused?: FinishedCall;
  readonly approval?: PendingApproval;
  readonly isExternal?: true;
}

function plan(call: PreparedCall, toolbox: Toolbox, bounds: StepBounds): Plan {
  const refuse = (status: FinishedCall['status'], problem: MeshError): Plan => ({
    call,
    refused: refuseCall(call, status, problem),
  });
  const { tool, problem } = call;
  if (bounds.repetition.isTooMany(call)) return refuse('skipped', repeated(call.name));
  if (tool === undefined || problem !== undefined) {
    return refuse('error', problem ?? new MeshError('tool_not_found', `There is no tool named "${call.name}"`));
  }
  const permission = toolbox.permissionOf(tool);
  if (permission === 'deny') return refuse('denied', new MeshError('forbidden', `${call.name} may not be used here`));
  if (bounds.callsLeft <= 0) return refuse('skipped', usedUp());
  if (permission === 'ask') {
    if (toolbox.requestApproval === undefined) return refuse('denied', cannotAsk(call.name));
    return { call, approval: toolbox.requestApproval(call.id, tool, call.arguments) };
  }
  bounds.callsLeft -= 1;
  return { call };
}

const repeated = (name: string) =>
  new MeshError(
    'rate_limited',
    `${name} was just called with exactly these arguments, twice; it was not run again. Use its results, or do something else`,
  );
const usedUp = () => new MeshError('rate_limited', 'This chat has used up its tool calls; answer with what there is');
const cannotAsk = (name: string) =>
  new MeshError('forbidden', `${name} needs somebody's approval, which cannot be asked for here`);

/** Runs what may run, and tells of results as they come. */
export async function* carryOut(
  plans: readonly Plan[],
  { callTool, isListening }: Pick<Toolbox, 'callTool' | 'isListening'>,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, ReadonlyMap<string, FinishedCall>> {
  const outcomes = new Map<string, FinishedCall>();
  const live = createLiveEvents();
  const end = (call: FinishedCall) => {
    outcomes.set(call.id, call);
    live.push({ type: 'tool_result', call });
  };
  const running = plans
    .filter(({ approval, isExternal }) => approval === undefined && isExternal !== true)
    .map(async ({ call, refused }) => {
      const context = { callTool, signal, ...(isListening ? { tell: live.push } : {}) };
      end(refused ?? (await runCall(call, context)));
    });
  void Promise.all(running).then(live.end);
  yield* live;
  return outcomes;
}
