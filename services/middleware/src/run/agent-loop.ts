import { MeshError } from '@toolmesh/shared/errors';
import type { Tool } from '@toolmesh/shared/tool';
import type { Message, Model, ModelToolCall } from '../models/model.ts';
import type { FinishReason, RunEvent } from './events.ts';
import { type CallTool, type PreparedCall, prepareCall, runCall, type ToldCall } from './tool-call.ts';

export interface RunOptions {
  readonly model: Model;
  /** The conversation so far; the last message is the user's. */
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly callTool: CallTool;
  /** Rounds of tool calls before the model has to answer in words. */
  readonly maxSteps: number;
  /** Calls in the whole run; further ones are not run, and the model is told. */
  readonly maxToolCalls?: number;
  readonly signal: AbortSignal;
  /** Aborts when the run has had its time; unlike a caller who left, that caller waits for what there is. */
  readonly deadline?: AbortSignal;
}

const MAX_TOOL_CALLS = 32;

/**
 * Lets a model answer with the help of tools: asks it, runs the calls it wants, all of one step at once, tells it
 * what came of them, until it answers in words. At the bound of steps it is asked once more, without tools, so that
 * there is always an answer. Never throws: a failure is the `finish` event's.
 */
export async function* runAgent(options: RunOptions): AsyncGenerator<RunEvent> {
  const { tools, callTool, maxSteps, signal, deadline, maxToolCalls = MAX_TOOL_CALLS } = options;
  const limited = deadline === undefined ? signal : AbortSignal.any([signal, deadline]);
  const messages = [...options.messages];
  const usedIds = new Set<string>();
  let callsLeft = maxToolCalls;
  try {
    for (let step = 1; step <= maxSteps; step += 1) {
      yield { type: 'step', step };
      const said = yield* askModel(options.model, messages, tools, limited);
      if (said.calls.length === 0) return yield finished(said.cut ? 'length' : 'stop');
      // A call that the length limit cut off is not one to run on a guess.
      if (said.cut) return yield finished('length');

      const asked = said.calls.map((call) => withOwnId(call, usedIds));
      const calls = asked.map((call) => prepareCall(call, tools));
      messages.push({ role: 'assistant', content: said.text, toolCalls: asked });
      for (const { id, name, arguments: args } of calls) yield { type: 'tool_call', id, name, arguments: args };
      const told = new Map<string, ToldCall>();
      const running = calls.map((call, index) => runCall(withinBudget(call, index < callsLeft), callTool, limited));
      for await (const done of asTheyEnd(running)) {
        told.set(done.call.id, done);
        yield { type: 'tool_result', call: done.call };
      }
      callsLeft -= calls.length;
      // In the order of the calls, each answered: providers refuse a history that is otherwise.
      for (const { id, name } of calls) {
        messages.push({ role: 'tool', callId: id, name, content: told.get(id)?.text ?? '' });
      }
      limited.throwIfAborted();
      if (callsLeft <= 0) return yield* lastWord(options.model, messages, limited, 'budget');
    }
    return yield* lastWord(options.model, messages, limited, 'max_steps');
  } catch (thrown) {
    if (signal.aborted) return yield finished('aborted');
    if (deadline?.aborted === true) return yield finished('budget');
    yield { type: 'finish', reason: 'error', error: MeshError.from(thrown) };
  }
}

const finished = (reason: FinishReason): RunEvent => ({ type: 'finish', reason });

/** The answer of a model that has used up its bounds: once more, without tools. */
async function* lastWord(
  model: Model,
  messages: readonly Message[],
  signal: AbortSignal,
  reason: FinishReason,
): AsyncGenerator<RunEvent> {
  yield* askModel(model, messages, [], signal);
  yield finished(reason);
}

interface Said {
  readonly text: string;
  readonly calls: readonly ModelToolCall[];
  /** Whether the model's length limit ended the answer. */
  readonly cut: boolean;
}

async function* askModel(
  model: Model,
  messages: readonly Message[],
  tools: readonly Tool[],
  signal: AbortSignal,
): AsyncGenerator<RunEvent, Said> {
  let text = '';
  let cut = false;
  const calls: ModelToolCall[] = [];
  for await (const event of model.respond({ messages, tools, signal })) {
    if (event.type === 'text') {
      text += event.text;
      yield { type: 'text', text: event.text };
    } else if (event.type === 'usage') yield event;
    else if (event.type === 'tool_call') calls.push(event.call);
    else if (event.type === 'finish') cut = event.reason === 'length';
  }
  return { text, calls, cut };
}

/** Some servers give several calls one id; an answer must name the call that it answers. */
function withOwnId(call: ModelToolCall, used: Set<string>): ModelToolCall {
  const id = used.has(call.id) ? `${call.id}_${used.size + 1}` : call.id;
  used.add(id);
  return { ...call, id };
}

function withinBudget(call: PreparedCall, allowed: boolean): PreparedCall {
  if (allowed || call.problem !== undefined) return call;
  const problem = new MeshError('rate_limited', 'This chat has used up its tool calls; answer with what there is');
  return { ...call, problem, skipped: true };
}

/** Yields what `tasks` resolve to, the first to end first. */
async function* asTheyEnd<T>(tasks: readonly Promise<T>[]): AsyncGenerator<T> {
  const open = new Map(tasks.map((task, index) => [index, task.then((value) => ({ index, value }))]));
  while (open.size > 0) {
    const { index, value } = await Promise.race(open.values());
    open.delete(index);
    yield value;
  }
}
