import type { FinishReason } from '@toolmesh/shared/contracts/chat';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Message, Model, ModelRequest, Sampling } from '../models/model.ts';
import { askModel, type CallIds, createCallIds, endUnfinished, type ModelAnswer } from './ask-model.ts';
import { offerTools } from './calls/offer-tools.ts';
import { createRepetitionGuard } from './calls/repetition-guard.ts';
import { type Resumed, resumeStep } from './calls/resume-step.ts';
import { runStep, type StepBounds, type Toolbox } from './calls/run-step.ts';
import type { RunEvent } from './events.ts';
import { startRunClock } from './run-clock.ts';
import { stepMessages } from './turns.ts';

export interface RunOptions extends Omit<Toolbox, 'work'> {
  readonly model: Model;
  /** The conversation so far; the last message is the user's, or the one before `resumed`. */
  readonly messages: readonly Message[];
  /** The step with pending calls that the run continues, and the decisions on them. */
  readonly resumed?: Resumed;
  readonly sampling?: Sampling;
  readonly limits: RunLimits;
  /** True when calls get random ids instead of the model's. */
  readonly hasFreshIds?: boolean;
  /** Aborts when the caller leaves or cancels. */
  readonly signal: AbortSignal;
}

export interface RunLimits {
  /** Rounds of tool calls before the model has to answer in words. */
  readonly maxSteps: number;
  /** Calls in the whole run; further ones are not run, and the model reads so. */
  readonly maxToolCalls: number;
  /** Tokens that the model may read and write in the whole run before it has to answer. */
  readonly maxTokens: number;
  readonly maxMs: number;
}

/**
 * Lets a model answer with the help of tools: asks it, runs the calls of its answer at the same time, hands it the
 * results, until it answers in words. At a bound it is asked once more, without tools, so that there is always an
 * answer. Never throws: a failure is part of the `finish` event.
 */
export async function* runAgent(options: RunOptions): AsyncGenerator<RunEvent> {
  const { signal, limits } = options;
  const clock = startRunClock(signal, limits.maxMs);
  try {
    const end = yield* loop(options, { ...options, work: clock.work });
    if (end.reason !== undefined) return yield { type: 'finish', reason: end.reason };
    const { bound, step, messages, ids } = end;
    yield { type: 'notice', code: bound.reason, message: bound.message };
    yield { type: 'step', step };
    const request = { messages, tools: [], signal: clock.lastAnswer, ...samplingOf(options) };
    const answer = yield* askModel(options.model, request, ids);
    yield* endUnfinished(answer.announced, [], 'there are no more tools in this chat');
    yield { type: 'finish', reason: bound.reason };
  } catch (thrown) {
    if (signal.aborted) yield { type: 'finish', reason: 'aborted' };
    else if (clock.isLate()) yield { type: 'finish', reason: 'budget' };
    else yield { type: 'finish', reason: 'error', error: MeshError.from(thrown) };
  } finally {
    clock.release();
  }
}

/** The end of the loop: an answer, or a bound. */
type End = { readonly reason: FinishReason } | ({ readonly reason?: never } & Bounded);

interface Bounded {
  readonly bound: Bound;
  readonly step: number;
  readonly messages: readonly Message[];
  readonly ids: CallIds;
}

interface Bound {
  readonly reason: 'max_steps' | 'budget';
  readonly message: string;
}

async function* loop(options: RunOptions, toolbox: Toolbox): AsyncGenerator<RunEvent, End> {
  const { model, limits, signal, resumed } = options;
  const messages = [...options.messages];
  const ids = createCallIds(callIdsOf(options), options.hasFreshIds);
  const bounds: StepBounds = { callsLeft: limits.maxToolCalls, repetition: createRepetitionGuard() };
  let tokens = 0;
  if (resumed !== undefined) {
    const { step, isPending } = yield* resumeStep(resumed, toolbox);
    signal.throwIfAborted();
    if (isPending) return { reason: 'stop' };
    messages.push(...stepMessages(step));
  }
  const tools = yield* offer(toolbox);
  for (let step = 1; ; step += 1) {
    const isLate = toolbox.work.aborted && !signal.aborted;
    const { callsLeft, repetition } = bounds;
    const bound = boundOf(limits, { step, tokens, isLate, callsLeft, isStuck: repetition.isStuck });
    if (bound !== undefined) return { bound, step: step - 1, messages, ids };
    yield { type: 'step', step };
    const request: ModelRequest = { messages, tools, signal: toolbox.work, ...samplingOf(options) };
    const answer = yield* askModel(model, request, ids);
    tokens += answer.tokens;
    const end = yield* endOf(answer);
    if (end !== undefined) return { reason: end };
    const done = yield* runStep(answer, toolbox, bounds);
    signal.throwIfAborted();
    if (done.isPending) return { reason: 'stop' };
    messages.push(...stepMessages(done.step));
  }
}

/** Returns why the run ends with this answer; undefined when it has calls to run. */
function* endOf(answer: ModelAnswer): Generator<RunEvent, 'stop' | 'length' | undefined> {
  const { isCut, announced, calls, text } = answer;
  if (isCut) {
    // A call that the length limit cut off must not be run on a guess.
    yield* endUnfinished(announced, [], 'the length limit of the model cut the call off');
    return 'length';
  }
  yield* endUnfinished(announced, calls, 'the model did not finish the call');
  if (calls.length > 0) return undefined;
  if (text === '') yield { type: 'notice', code: 'empty_answer', message: 'The model gave an empty answer' };
  return 'stop';
}

interface Progress {
  readonly step: number;
  readonly tokens: number;
  readonly callsLeft: number;
  readonly isStuck: boolean;
  /** True when only the time for the last answer is left. */
  readonly isLate: boolean;
}

/** Returns the bound that the run has reached. */
function boundOf({ maxSteps, maxTokens, maxMs }: RunLimits, progress: Progress): Bound | undefined {
  const { step, tokens, callsLeft, isStuck, isLate } = progress;
  const budget = (message: string): Bound => ({ reason: 'budget', message });
  if (isLate) return budget(`The time of ${Math.round(maxMs / 1_000)} s for one chat is used up`);
  if (step > 1 && callsLeft <= 0) return budget('The tool calls for one chat are used up');
  if (tokens >= maxTokens) return budget(`The ${maxTokens} tokens for one chat are used up`);
  if (isStuck) return budget('The model kept repeating one call');
  if (step > maxSteps) return { reason: 'max_steps', message: `The ${maxSteps} steps for one chat are used up` };
  return undefined;
}

const samplingOf = ({ sampling }: RunOptions) => (sampling === undefined ? {} : { sampling });

/** Returns the tools in the form that providers accept; the caller's own come first, denied ones are left out. */
function* offer({
  tools,
  shown = tools,
  externalTools,
  permissionOf,
}: Toolbox): Generator<RunEvent, ModelRequest['tools']> {
  const names = new Set(externalTools.map(({ name }) => name));
  const own = shown.filter((tool) => !names.has(tool.name) && permissionOf(tool) !== 'deny');
  const offered = offerTools([...externalTools, ...own]);
  for (const { name, reason } of offered.refused) {
    yield { type: 'notice', code: 'tool_disabled', message: `The tool ${name} cannot be used: ${reason}` };
  }
  return offered.tools;
}

function* callIdsOf({ messages, resumed }: RunOptions): Generator<string> {
  for (const message of messages) {
    if (message.role === 'assistant') for (const { id } of message.toolCalls ?? []) yield id;
  }
  for (const { id } of resumed?.step.calls ?? []) yield id;
}
