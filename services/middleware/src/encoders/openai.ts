import type { FinishReason } from '@toolmesh/shared/contracts/chat';
import type { RunEvent } from '../run/events.ts';

/** The fields that identify a completion. */
export interface CompletionIdentity {
  /** `chatcmpl-...` */
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
}

export interface ChunkOptions extends CompletionIdentity {
  /** True when a last chunk reports the usage. */
  readonly includeUsage: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const FINISH: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  max_steps: 'length',
  budget: 'length',
  aborted: 'stop',
  error: 'stop',
};

/** The separator between the texts of two steps. */
const BREAK = '\n\n';

/**
 * Follows a run as an OpenAI client sees it: the text of all steps as one, the calls to the caller's own tools, and
 * nothing of the tools that ran here.
 */
function createReader() {
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  let hasText = false;
  let isNewStep = false;
  let calls = 0;
  return {
    usage,
    /** The text to add for an event. */
    textOf(event: RunEvent): string {
      if (event.type === 'step') isNewStep = true;
      if (event.type !== 'text') return '';
      const text = isNewStep && hasText ? BREAK + event.text : event.text;
      isNewStep = false;
      hasText = true;
      return text;
    },
    /** The call that an event hands to the caller. */
    callOf(event: RunEvent): Json | undefined {
      if (event.type !== 'tool_call' || event.external !== true) return undefined;
      const { id, name, arguments: args } = event;
      const text = typeof args === 'string' ? args : JSON.stringify(args ?? {});
      calls += 1;
      return { id, type: 'function', function: { name, arguments: text } };
    },
    count(event: RunEvent): void {
      if (event.type !== 'usage') return;
      usage.prompt_tokens += event.inputTokens;
      usage.completion_tokens += event.outputTokens;
      usage.total_tokens += event.inputTokens + event.outputTokens;
    },
    finishOf: (reason: FinishReason) => (calls > 0 ? 'tool_calls' : FINISH[reason]),
  };
}

/** Collects a run into one chat completion. @throws MeshError of a run that failed. */
export async function encodeCompletion(events: AsyncIterable<RunEvent>, identity: CompletionIdentity): Promise<Json> {
  const reader = createReader();
  const calls: Json[] = [];
  let content = '';
  let reasoning = '';
  let reason: FinishReason = 'aborted';
  for await (const event of events) {
    content += reader.textOf(event);
    reader.count(event);
    const call = reader.callOf(event);
    if (call !== undefined) calls.push(call);
    if (event.type === 'reasoning') reasoning += event.text;
    if (event.type !== 'finish') continue;
    if (event.error !== undefined) throw event.error;
    reason = event.reason;
  }
  const message = {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return {
    ...identity,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: reader.finishOf(reason) }],
    usage: reader.usage,
  };
}

/** Turns the events of one run into chat completion chunks, event by event. A failure is one chunk `{error}`. */
export function createChunkEncoder({ includeUsage, ...identity }: ChunkOptions): (event: RunEvent) => readonly Json[] {
  const reader = createReader();
  let isStarted = false;
  let index = 0;
  const chunk = (delta: Json, finish_reason: string | null = null): Json => ({
    ...identity,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...(includeUsage ? { usage: null } : {}),
  });
  const encode = (event: RunEvent): readonly Json[] => {
    reader.count(event);
    const text = reader.textOf(event);
    if (text !== '') return [chunk({ content: text })];
    if (event.type === 'reasoning') return [chunk({ reasoning_content: event.text })];
    const call = reader.callOf(event);
    if (call !== undefined) return [chunk({ tool_calls: [{ index: index++, ...call }] })];
    if (event.type !== 'finish') return [];
    if (event.error !== undefined) return [openAiError(event.error)];
    const last = chunk({}, reader.finishOf(event.reason));
    if (!includeUsage) return [last];
    return [last, { ...identity, object: 'chat.completion.chunk', choices: [], usage: reader.usage }];
  };
  return (event) => {
    const chunks = encode(event);
    if (isStarted || chunks.length === 0 || 'error' in (chunks[0] ?? {})) return chunks;
    isStarted = true;
    return [chunk({ role: 'assistant', content: '' }), ...chunks];
  };
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'invalid_request_error',
  413: 'invalid_request_error',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
};

/** An error as OpenAI's clients read it. */
export const openAiError = ({ status, message, code, details }: OpenAiFailure): Json => ({
  error: { message, type: TYPES[status] ?? 'server_error', param: paramOf(details), code },
});

/** The part of an error that a caller may know. */
interface OpenAiFailure {
  readonly status: number;
  readonly message: string;
  readonly code: string;
  readonly details: unknown;
}

/** The first field that was wrong. */
function paramOf(details: unknown): string | null {
  const [first]: unknown[] = Array.isArray(details) ? details : [];
  return first instanceof Object && 'path' in first && typeof first.path === 'string' ? first.path : null;
}
