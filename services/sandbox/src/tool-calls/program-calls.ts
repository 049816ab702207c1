import { setTimeout as sleep } from 'node:timers/promises';
import { type ProgramToolCall, TOOL_CALL_LIMITS } from '@toolmesh/shared/contracts/execution';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { pythonDoc, pythonSignature } from '@toolmesh/shared/kit/stubs/python-stub';
import { typescriptSignature, typescriptStub } from '@toolmesh/shared/kit/stubs/typescript-stub';
import { elapsed } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { jsonPayload } from '../workers/frames.ts';
import { type CallMessage, MAX_MESSAGE_BYTES, readMessage, type ToolCallMessage } from './call-message.ts';
import { nameArguments } from './named-arguments.ts';
import { answerOf, type ResultAnswer } from './result-answer.ts';
import type { ToolHub } from './tool-hub.ts';
import { partOf, type ToolList } from './tool-list.ts';

/** Sends the payload of an answer to the program. */
export type SendAnswer = (payload: Buffer) => void;

/** The tool calls of one program. */
export interface ProgramCalls {
  /**
   * Takes the payload of a message of the program; answers it, at once or later. Nothing in it is trusted.
   * @returns false for what no program of ours sends
   */
  receive(payload: Buffer, send: SendAnswer): boolean;
  /** Ends it, with the calls that are under way, and returns the first calls. Later ones are refused. */
  end(): readonly ProgramToolCall[];
}

/** A call as it happens: it begins, and ends. */
export type ToolCallEvent = { readonly name: string; readonly status: 'running' } | ProgramToolCall;

export interface ProgramCallsOptions {
  readonly hub: ToolHub;
  /** Names of the tools that the program may call. Default: all of its caller. */
  readonly allowed: ReadonlySet<string> | undefined;
  readonly maxCalls: number;
  /** Refuses everything, with these words. */
  readonly refusal: string | undefined;
  /** Ends the calls that are under way when it aborts. */
  readonly signal: AbortSignal;
  /** Runs what is done for the program in the context of its request. */
  readonly inContext: <T>(task: () => T) => T;
  /** Wraps each call: a span. */
  readonly traced: <T>(tool: string, task: () => Promise<T>) => Promise<T>;
  readonly onEvent: (event: ToolCallEvent) => void;
}

/** Looks at the list of tools that a program may take, and calls beyond the limit that are refused at full speed. */
const FREE_REFUSALS = 1_000;
/** The time after which further ones are answered, so that a program that only asks costs little. */
const LATE_MS = 50;

const OVER = 'The program has ended';

type Outcome = ResultAnswer & { readonly status: ProgramToolCall['status'] };

const refused = (error: string): Outcome => ({ status: 'refused', error });

export function createProgramCalls(options: ProgramCallsOptions): ProgramCalls {
  const { maxCalls, refusal, signal, inContext, onEvent } = options;
  const ending = new AbortController();
  const work = AbortSignal.any([signal, ending.signal]);
  const calls: (ProgramToolCall | undefined)[] = [];
  const open = new Map<number, { readonly name: string; readonly started: number }>();
  const slots = createSlots(TOOL_CALL_LIMITS.atOnce);
  const runner = createRunner({ ...options, work });
  let messages = 0;

  const finish = (at: number, status: ProgramToolCall['status']): void => {
    const call = open.get(at);
    if (call === undefined) return;
    open.delete(at);
    const ended = { name: call.name, status, duration_ms: elapsed(call.started) };
    if (at < TOOL_CALL_LIMITS.listed) calls[at] = ended;
    onEvent(ended);
  };

  const callTool = async (at: number, message: ToolCallMessage): Promise<Outcome> => {
    const name = message.name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');
    open.set(at, { name, started: performance.now() });
    onEvent({ name, status: 'running' });
    await slots.take();
    const outcome = work.aborted ? refused(OVER) : await runner.run(message).catch(failed);
    slots.leave();
    finish(at, outcome.status);
    return outcome;
  };

  let begun = 0;
  const answerTo = async (message: CallMessage): Promise<ResultAnswer> => {
    if (refusal !== undefined) return { error: refusal };
    if (ending.signal.aborted) return { error: OVER };
    if (!('name' in message)) return runner.describe(message).catch(failed);
    begun += 1;
    if (begun <= maxCalls) return callTool(begun - 1, message);
    return { error: `A program may call tools ${maxCalls} times (SANDBOX_MAX_TOOL_CALLS); this call was not run` };
  };

  return {
    receive(payload, send) {
      if (payload.length > MAX_MESSAGE_BYTES) return false;
      const message = readMessage(payload);
      if (message === undefined) return false;
      messages += 1;
      const isLate = messages > maxCalls + FREE_REFUSALS;
      void inContext(async () => {
        if (isLate) await sleep(LATE_MS, undefined, { ref: false });
        const { id } = message;
        const answer = 'problem' in message ? { error: message.problem } : await answerTo(message);
        const { status: _, ...sent }: Partial<Outcome> = answer;
        send(jsonPayload({ id, ...sent }));
      });
      return true;
    },
    end() {
      for (const at of open.keys()) finish(at, 'cancelled');
      ending.abort(new MeshError('unavailable', OVER));
      return calls.filter((call) => call !== undefined);
    },
  };
}

/** The outcome of a call that did not run. */
function failed(thrown: unknown): Outcome {
  const error = MeshError.from(thrown);
  return { status: error.status < 500 ? 'refused' : 'error', error: error.message };
}

type RunnerOptions = Pick<ProgramCallsOptions, 'hub' | 'allowed' | 'traced'> & { readonly work: AbortSignal };

/** Runs the calls of a program and describes its tools to it, within the bytes of results that it may have. */
function createRunner({ hub, allowed, traced, work }: RunnerOptions) {
  let bytesLeft = TOOL_CALL_LIMITS.resultsBytes;

  const listed = async (): Promise<ToolList> => {
    const list = await hub.tools(work);
    return allowed === undefined ? list : partOf(list, ({ name }) => allowed.has(name));
  };
  /** @throws MeshError tool_not_found */
  const find = async (name: string): Promise<Tool> => {
    const list = await listed();
    const found = list.find(name) ?? (allowed === undefined ? (await hub.toolsNow(work)).find(name) : undefined);
    if (found !== undefined) return found;
    const all = allowed === undefined ? list : await hub.tools(work);
    if (all.find(name) !== undefined) throw notAmong(name);
    const near = list.near(name);
    const hint = near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`;
    throw new MeshError('tool_not_found', `There is no tool named "${name}"${hint}`);
  };

  return {
    async run(message: ToolCallMessage): Promise<Outcome> {
      const tool = await find(message.name);
      const named = nameArguments(tool, message);
      if ('problem' in named) return refused(named.problem);
      const result = await traced(tool.name, () => hub.call(tool.name, named.args, work));
      const answer = answerOf(result, tool);
      const bytes = Buffer.byteLength(JSON.stringify(answer));
      if (bytes > TOOL_CALL_LIMITS.resultBytes) return tooLarge(tool, bytes);
      if (bytes > bytesLeft) return usedUp(tool);
      bytesLeft -= bytes;
      return { ...answer, status: result.is_error ? 'error' : 'success' };
    },
    async describe(message: Exclude<CallMessage, ToolCallMessage>): Promise<ResultAnswer> {
      if ('hello' in message) return { value: null };
      if ('list' in message) return { value: (await listed()).tools.slice(0, MAX_LISTED).map(summaryOf) };
      const tool = await find(message.help);
      const isPython = message.language === 'python';
      const signature = isPython ? pythonSignature(tool) : typescriptSignature(tool);
      return { value: { name: tool.name, signature, doc: isPython ? pythonDoc(tool) : typescriptStub(tool) } };
    },
  };
}

const MAX_LISTED = 5_000;
const MAX_SUMMARY = 200;

const summaryOf = ({ name, description }: Tool) => ({
  name,
  description: (description.split('\n', 1)[0] ?? '').slice(0, MAX_SUMMARY),
});

const notAmong = (name: string): MeshError =>
  new MeshError(
    'forbidden',
    `${name} is not among the tools that this program may call: it was not in \`tools\`, or it needs the user's approval, ` +
      'which a program cannot request. Call it by itself',
  );

const MIB = 1_024 ** 2;

const tooLarge = ({ name }: Tool, bytes: number): Outcome => ({
  status: 'error',
  error: `The result of ${name} has ${bytes} bytes; a program can take ${TOOL_CALL_LIMITS.resultBytes / MIB} MiB from one call`,
});

const usedUp = ({ name }: Tool): Outcome => ({
  status: 'error',
  error:
    `The result of ${name} does not fit: a program can take ${TOOL_CALL_LIMITS.resultsBytes / MIB} MiB from all its calls ` +
    'together',
});

/** Lets a number of tasks run at once; others wait in the order of their arrival. */
function createSlots(count: number) {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    async take(): Promise<void> {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    leave(): void {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
