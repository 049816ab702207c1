import {
  EXECUTE_CODE,
  type ExecuteArguments,
  type Language,
  type ProgramToolCall,
} from '@toolmesh/shared/contracts/execution';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { currentContext, runInContext } from '@toolmesh/shared/kit/telemetry/request-context';
import { withSpan } from '@toolmesh/shared/kit/telemetry/tracing';
import { createProgramCalls, type ProgramCalls, type ToolCallEvent } from './program-calls.ts';
import type { ToolHub } from './tool-hub.ts';

export interface ToolCallsOptions {
  readonly hub: ToolHub;
  /** Calls of one program. 0: none may call a tool. */
  readonly maxCalls: number;
  /** Programs that may be around one that is run: 0 refuses programs that a program runs. */
  readonly maxDepth: number;
  /** Called for each call that has ended. */
  readonly onEnded: (call: ProgramToolCall) => void;
  /** Returns why programs of a language cannot call tools here; undefined where they can. */
  readonly whyNot: (language: Language) => string | undefined;
}

/** Makes the tool calls of programs (contract, section 14). */
export interface ToolCalls {
  /**
   * Returns the calls of a program that is about to run.
   * @throws MeshError invalid_arguments for tools that there are not, forbidden where programs may call none or are
   * nested too deep, unavailable while the hub is out of reach
   */
  open(program: ExecuteArguments, signal: AbortSignal, onEvent?: (event: ToolCallEvent) => void): Promise<ProgramCalls>;
}

const NO_TOOLS = 'This program was given no tools: pass tools: true, or a list of names, to execute_code';

export function createToolCalls({ hub, maxCalls, maxDepth, onEnded, whyNot }: ToolCallsOptions): ToolCalls {
  return {
    async open({ tools = [], language }, signal, onEvent = () => {}) {
      const { inContext, depth } = aroundProgram();
      if (depth > maxDepth) throw tooDeep(maxDepth);
      const names = typeof tools === 'boolean' ? [] : tools;
      const isGiven = tools === true || names.length > 0;
      if (isGiven && maxCalls === 0) throw switchedOff();
      const reason = isGiven ? whyNot(language) : undefined;
      if (reason !== undefined) throw noTools(reason);
      const allowed = names.length === 0 ? undefined : await resolveNames(hub, names, signal);
      return createProgramCalls({
        hub,
        allowed,
        maxCalls,
        refusal: isGiven ? undefined : NO_TOOLS,
        signal,
        inContext,
        traced,
        onEvent(event) {
          onEvent(event);
          if (event.status !== 'running') onEnded(event);
        },
      });
    },
  };
}

/** Returns the depth of a program that the current request runs, and what does the program's work in its context. */
function aroundProgram() {
  const context = currentContext();
  const depth = context?.programDepth ?? 0;
  const inContext = <T>(task: () => T): T =>
    context === undefined ? task() : runInContext({ ...context, programDepth: depth + 1 }, task);
  return { depth, inContext };
}

const traced = <T>(tool: string, task: () => Promise<T>): Promise<T> =>
  withSpan({ name: `call ${tool}`, kind: 'internal', attributes: { 'toolmesh.tool': tool } }, task);

/** @throws MeshError invalid_arguments that names the tools that there are not, with the nearest that there are */
async function resolveNames(hub: ToolHub, names: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  let list = await hub.tools(signal);
  if (names.some((name) => list.find(name) === undefined)) list = await hub.toolsNow(signal);
  const found = names.map((name) => list.find(name));
  const problems = names.flatMap((name, i) => {
    if (found[i] !== undefined) return [];
    const near = list.near(name);
    const hint = near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`;
    return [{ path: `tools.${i}`, message: `there is no tool named "${name}"${hint}`, did_you_mean: near }];
  });
  if (problems.length > 0) {
    const text = problems.map(({ path, message }) => `${path}: ${message}`).slice(0, 5);
    throw new MeshError('invalid_arguments', `Arguments of ${EXECUTE_CODE}: ${text.join('; ')}`, {
      details: problems.slice(0, 50),
    });
  }
  return new Set(found.flatMap((tool) => (tool === undefined ? [] : [tool.name])));
}

const tooDeep = (maxDepth: number): MeshError =>
  new MeshError(
    'forbidden',
    maxDepth === 0
      ? `A program may not run ${EXECUTE_CODE}: do in the program itself what the other one should do`
      : `Programs may run ${EXECUTE_CODE} in one another ${maxDepth} deep (SANDBOX_MAX_PROGRAM_DEPTH); this one is deeper`,
  );

const noTools = (message: string): MeshError =>
  new MeshError('invalid_arguments', `Arguments of ${EXECUTE_CODE}: tools: ${message}`, {
    details: [{ path: 'tools', message }],
  });

const switchedOff = (): MeshError =>
  new MeshError('forbidden', 'Programs may call no tools here: SANDBOX_MAX_TOOL_CALLS is 0');
