import type { ChatStreamPart } from '@toolmesh/shared/contracts/chat-stream';
import { explainCode } from '../api/failures.ts';
import { type JsonObject, objectOf, textOf } from '../api/json.ts';
import { approvalOf, outcomeOf, progressOf, usageOf } from './read-fields.ts';
import { settle } from './settle-answer.ts';
import { type Answer, type CallPart, newCall, type Part, type Usage } from './turn.ts';

/** The most output of a running tool that is kept. */
const LIVE_OUTPUT_CHARS = 64 * 1_024;

type Apply = (answer: Answer, event: JsonObject, now: number) => Answer;

/**
 * Returns the answer after one part of the AI SDK's UI message stream, version 1
 * (https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol). Unknown parts change nothing. `now` in ms since 1970.
 */
export function applyEvent(answer: Answer, value: unknown, now: number): Answer {
  const event = objectOf(value);
  const type = textOf(event['type']);
  if (type === undefined || !Object.hasOwn(APPLY, type)) return answer;
  return APPLY[type]?.(answer, event, now) ?? answer;
}

const EVENTS = {
  start: (answer, event) => withMetadata(answer, objectOf(event['messageMetadata'])),
  'message-metadata': (answer, event) => withMetadata(answer, objectOf(event['messageMetadata'])),
  'start-step': (answer) => ({ ...answer, stepStart: answer.parts.length }),
  'reset-step': (answer) => ({ ...answer, parts: answer.parts.slice(0, answer.stepStart) }),
  finish: (answer, event, now) => {
    const finishReason = textOf(event['finishReason']) ?? answer.finishReason;
    // After an error or an abort comes a finish, too.
    const ended = answer.status === 'streaming' ? settle({ ...answer, finishReason }, 'done', now) : answer;
    return withMetadata(ended, objectOf(event['messageMetadata']));
  },
  abort: (answer, _event, now) => settle(answer, 'stopped', now),
  // What `data-error` tells comes before, and tells more.
  error: (answer, event, now) => ({
    ...settle(answer, 'failed', now),
    failure: answer.failure ?? explainCode('upstream_failed', textOf(event['errorText']) ?? 'The answer failed'),
  }),
  'data-error': (answer, event) => {
    const { code, message } = objectOf(event['data']);
    return { ...answer, failure: explainCode(textOf(code) ?? '', textOf(message) ?? 'The answer failed') };
  },

  'text-start': (answer, event) => addPart(answer, { type: 'text', id: idOf(event), text: '' }),
  'text-delta': (answer, event) => {
    const id = idOf(event);
    const delta = textOf(event['delta']) ?? '';
    const index = answer.parts.findLastIndex((part) => part.type === 'text' && part.id === id);
    if (index < 0) return addPart(answer, { type: 'text', id, text: delta });
    return changePart(answer, index, (part) => (part.type === 'text' ? { ...part, text: part.text + delta } : part));
  },
  'reasoning-start': (answer, event, now) =>
    addPart(answer, { type: 'reasoning', id: idOf(event), text: '', startedAt: now, endedAt: undefined }),
  'reasoning-delta': (answer, event) =>
    changeReasoning(answer, event, (part) => ({ ...part, text: part.text + (textOf(event['delta']) ?? '') })),
  'reasoning-end': (answer, event, now) => changeReasoning(answer, event, (part) => ({ ...part, endedAt: now })),

  'tool-input-start': (answer, event, now) => changeCall(answer, event, now, (call) => call),
  'tool-input-delta': (answer, event, now) =>
    changeCall(answer, event, now, (call) => ({
      ...call,
      inputText: call.inputText + (textOf(event['inputTextDelta']) ?? ''),
    })),
  'tool-input-available': (answer, event, now) =>
    changeCall(answer, event, now, (call) => ({ ...call, input: event['input'], state: 'running', startedAt: now })),
  'tool-input-error': (answer, event, now) => failCall(answer, event, now, 'error'),
  'tool-output-available': (answer, event, now) => {
    if (event['preliminary'] === true) return answer;
    const output = event['output'];
    const state = objectOf(output)['is_error'] === true ? 'error' : 'ok';
    return changeCall(answer, event, now, (call) => ({ ...call, output, endedAt: now, ...outcomeOf(event, state) }));
  },
  'tool-output-error': (answer, event, now) => failCall(answer, event, now, 'error'),
  'tool-output-denied': (answer, event, now) => failCall(answer, event, now, 'denied'),
  'tool-approval-request': (answer, event, now) => {
    const id = textOf(event['approvalId']) ?? '';
    return changeCall(answer, event, now, (call) => {
      const approval = call.approval ?? { id, name: call.name, arguments: call.input, expiresAt: undefined };
      return { ...call, state: 'waiting', approval: { ...approval, id } };
    });
  },
  'tool-approval-response': (answer, event, now) =>
    event['approved'] === true ? answer : failCall(answer, event, now, 'denied'),

  'data-approval': (answer, event, now) => {
    const approval = approvalOf(objectOf(event['data']));
    const toolCallId = objectOf(event['data'])['call_id'];
    return changeCall(answer, { toolCallId, toolName: approval.name }, now, (call) => ({
      ...call,
      state: 'waiting',
      input: call.input ?? approval.arguments,
      approval,
    }));
  },
  'data-tool-output': (answer, event, now) => {
    const data = objectOf(event['data']);
    const text = textOf(data['text']) ?? '';
    return changeCall(answer, { toolCallId: data['tool_call_id'] }, now, (call) => ({
      ...call,
      liveOutput: (call.liveOutput + text).slice(-LIVE_OUTPUT_CHARS),
    }));
  },
  'data-tool-progress': (answer, event, now) => {
    const data = objectOf(event['data']);
    return changeCall(answer, { toolCallId: data['tool_call_id'] }, now, (call) => ({
      ...call,
      progress: progressOf(data) ?? call.progress,
    }));
  },
  'data-usage': (answer, event) => ({ ...answer, usage: sum(answer.usageBefore, usageOf(objectOf(event['data']))) }),
  'data-provider': (answer, event) => withMetadata(answer, objectOf(event['data'])),
  'data-notice': (answer, event) => {
    const message = textOf(objectOf(event['data'])['message']);
    return message === undefined ? answer : { ...answer, notices: [...answer.notices, message] };
  },
} satisfies Partial<Record<ChatStreamPart['type'], Apply>>;

const APPLY: Readonly<Record<string, Apply>> = EVENTS;

const idOf = (event: JsonObject): string => textOf(event['id']) ?? '';

const sum = (a: Usage | undefined, b: Usage | undefined): Usage | undefined =>
  a === undefined || b === undefined
    ? (a ?? b)
    : {
        inputTokens: a.inputTokens + b.inputTokens,
        outputTokens: a.outputTokens + b.outputTokens,
        totalTokens: a.totalTokens + b.totalTokens,
      };

function withMetadata(answer: Answer, data: JsonObject): Answer {
  return {
    ...answer,
    runId: textOf(data['run_id']) ?? answer.runId,
    sessionId: textOf(data['session_id']) ?? answer.sessionId,
    provider: textOf(data['provider']) ?? answer.provider,
    model: textOf(data['model']) ?? answer.model,
    finishReason: textOf(data['finish_reason']) ?? answer.finishReason,
  };
}

const addPart = (answer: Answer, part: Part): Answer => ({ ...answer, parts: [...answer.parts, part] });

function changePart(answer: Answer, index: number, change: (part: Part) => Part): Answer {
  const part = answer.parts[index];
  return part === undefined ? answer : { ...answer, parts: answer.parts.with(index, change(part)) };
}

type Reasoning = Extract<Part, { type: 'reasoning' }>;

function changeReasoning(answer: Answer, event: JsonObject, change: (part: Reasoning) => Reasoning): Answer {
  const id = idOf(event);
  const index = answer.parts.findLastIndex((part) => part.type === 'reasoning' && part.id === id);
  return changePart(answer, index, (part) => (part.type === 'reasoning' ? change(part) : part));
}

/** Changes the call that an event is about, wherever in the answer it is; one that is new is added. */
function changeCall(answer: Answer, event: JsonObject, now: number, change: (call: CallPart) => CallPart): Answer {
  const callId = textOf(event['toolCallId']);
  if (callId === undefined) return answer;
  const index = answer.parts.findLastIndex((part) => part.type === 'call' && part.callId === callId);
  if (index < 0) return addPart(answer, change(newCall(callId, textOf(event['toolName']) ?? 'tool', now)));
  return changePart(answer, index, (part) => (part.type === 'call' ? change(part) : part));
}

const failCall = (answer: Answer, event: JsonObject, now: number, state: 'error' | 'denied'): Answer =>
  changeCall(answer, event, now, (call) => ({
    ...call,
    input: call.input ?? event['input'],
    ...outcomeOf(event, state),
    errorText: textOf(event['errorText']) ?? call.errorText,
    endedAt: now,
  }));
