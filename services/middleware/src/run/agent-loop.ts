import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Message, Model, ModelRequest, Sampling } from '../models/model.ts';
import { askModel, type CallIds, createCallIds, unfinished } from './ask-model.ts';
import type { FinishReason } from '@toolmesh/shared/contracts/chat';
import type { RunEvent } from './events.ts';
import { offerTools } from './calls/offer-tools.ts';
import { createRepetitionGuard } from './calls/repetition-guard.ts';
import { resumeStep, type Resumed } from './calls/resume-step.ts';
import { startRunClock } from './run-clock.ts';
import { runStep, type StepBounds, type Toolbox } from './calls/run-step.ts';
import { stepMessages } from './turns.ts';

export interface RunOptions extends Toolbox {
  readonly model: Model;
  /** The conversation so far; the last message is the user's, or that before `resumed`. */
  readonly messages: readonly Message[];
  /** An answer that waited for somebody's word, and what they said. */
  readonly resumed?: Resumed;
  readonly sampling?: Sampling;
  readonly limits: RunLimits;
  /** Whether calls get ids that nobody can guess, instead of the model's. */
  readonly hasFreshIds?: boolean;
  /** Aborts when the caller leaves or cancels. */
  readonly signal: AbortSignal;
}

export interface RunLimits {
  /** Rounds of tool calls before the model has to answer in words. */
  readonly maxSteps: number;
  /** Calls in the whole run; further ones are not run, and the model is told. */
  readonly maxToolCalls: number;
  /** Tokens that the model may read and write in the whole run before it has to answer. */
  readonly maxTokens: number;
  readonly maxMs: number;
}

/**
 * Lets a model answer with the help of tools: asks it, runs the calls it wants, all of one step at once, tells it
 * what came of them, until it answers in words. At a bound it is asked once more, without tools, so that there is
 * always an answer. Never throws: a failure is the `finish` event's.
 */
export async function* runAgent(options: RunOptions): AsyncGenerator<RunEvent> {
  const { signal, limits } = options;
  const clock = startRunClock(signal, limits.maxMs);
  try {
    const end = yield* loop(options, clock.work);
    if (end.reason !== undefined) return yield { type: 'finish', reason: end.reason };
    yield { type: 'notice', code: end.bound.reason, message: end.bound.message };
    yield { type: 'step', step: end.step };
    const said = yield* askModel(options.model, requestOf(options, end.messages, [], clock.lastWord), end.ids);
    yield* unfinished(said.announced, [], 'there are no tools any more');
    yield { type: 'finish', reason: end.bound.reason };
  } catch (thrown) {
    if (signal.aborted) yield { type: 'finish', reason: 'aborted' };
    else if (clock.isLate()) yield { type: 'finish', reason: 'budget' };
    else yield { type: 'finish', reason: 'error', error: MeshError.from(thrown) };
  } finally {
    clock.release();
  }
}

/** How the loop ended: with an answer, or at a bound. */
type End = { readonly reason: FinishReason } | ({ readonly reason?: never } & Bounded);

interface Bounded {
  readonly bound: { readonly reason: 'max_steps' | 'budget'; readonly message: string };
  readonly step: number;
  readonly messages: readonly Message[];
  readonly ids: CallIds;
}

async function* loop(options: RunOptions, work: AbortSignal): AsyncGenerator<RunEvent, End> {
  const { model, limits, signal, resumed } = options;
  const messages = [...options.messages];
  const ids = createCallIds(callIdsOf(options), options.hasFreshIds);
  const bounds: StepBounds = { callsLeft: limits.maxToolCalls, repetition: createRepetitionGuard() };
  let tokens = 0;
  if (resumed !== undefined) {
    const { step, isWaiting } = yield* resumeStep(resumed, options, work);
    signal.throwIfAborted();
    if (isWaiting) return { reason: 'stop' };
    messages.push(...stepMessages(step));
  }
  const offer = offerTools([...options.externalTools, ...ownTools(options)]);
  for (const { name, reason } of offer.refused) {
    yield { type: 'notice', code: 'tool_disabled', message: `The tool ${name} cannot be used: ${reason}` };
  }
  for (let step = 1; ; step += 1) {
    // Once the time is up, or the tools had it all, only the last word is left.
    const bound = boundOf(limits, step, tokens, bounds, work.aborted && !signal.aborted);
    if (bound !== undefined) return { bound, step: step - 1, messages, ids };
    yield { type: 'step', step };
    const said = yield* askModel(model, requestOf(options, messages, offer.tools, work), ids);
    tokens += said.tokens;
    // A call that the length limit cut off is not one to run on a guess.
    if (said.cut) yield* unfinished(said.announced, [], 'the length limit of the model cut the call off');
    if (said.cut) return { reason: 'length' };
    yield* unfinished(said.announced, said.calls, 'the model did not finish the call');
    if (said.calls.length === 0) {
      if (said.text === '') yield { type: 'notice', code: 'empty_answer', message: 'The model said nothing' };
      return { reason: 'stop' };
    }
    const done = yield* runStep(said, options, bounds, work);
    signal.throwIfAborted();
    if (done.isWaiting) return { reason: 'stop' };
    messages.push(...stepMessages(done.step));
  }
}

function boundOf(
  { maxSteps, maxTokens, maxMs }: RunLimits,
  step: number,
  tokens: number,
  { callsLeft, repetition }: StepBounds,
  isLate: boolean,
): Bounded['bound'] | undefined {
  const budget = (message: string) => ({ reason: 'budget' as const, message });
  if (isLate) return budget(`The time of ${Math.round(maxMs / 1_000)} s for one chat is used up`);
  if (step > 1 && callsLeft <= 0) return budget('The tool calls for one chat are used up');
  if (tokens >= maxTokens) return budget(`The ${maxTokens} tokens for one chat are used up`);
  if (repetition.isStuck) return budget('The model went on repeating one call');
  if (step > maxSteps) return { reason: 'max_steps', message: `The ${maxSteps} steps for one chat are used up` };
  return undefined;
}

function requestOf(
  { sampling }: RunOptions,
  messages: readonly Message[],
  tools: ModelRequest['tools'],
  signal: AbortSignal,
): ModelRequest {
  return { messages, tools, signal, ...(sampling === undefined ? {} : { sampling }) };
}

/** The tools that run here and are worth offering; the caller's own come first. */
function ownTools({ tools, externalTools, permissionOf }: Toolbox): Toolbox['tools'] {
  const names = new Set(externalTools.map(({ name }) => name));
  return tools.filter((tool) => !names.has(tool.name) && permissionOf(tool) !== 'deny');
}

function* callIdsOf({ messages, resumed }: RunOptions): Generator<string> {
  for (const message of messages)
    if (message.role === 'assistant') for (const { id } of message.toolCalls ?? []) yield id;
  for (const { id } of resumed?.step.calls ?? []) yield id;
}
