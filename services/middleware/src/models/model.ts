import type { Tool } from '@toolmesh/shared/tool';
import type { ProviderName } from '../config.ts';

/** A call as a model asks for it. What the arguments are worth is found out by whoever runs it. */
export interface ModelToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text from most servers, a value from some. */
  readonly arguments: unknown;
}

export type Message =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ModelToolCall[] }
  | { readonly role: 'tool'; readonly callId: string; readonly name: string; readonly content: string };

/** What a model says, piece by piece; `finish` is the last. */
export type ModelEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_call'; readonly call: ModelToolCall }
  | { readonly type: 'usage'; readonly inputTokens: number; readonly outputTokens: number }
  | { readonly type: 'finish'; readonly reason: 'stop' | 'length' };

export interface ModelRequest {
  readonly messages: readonly Message[];
  /** What may be called; none means that the model has to answer in words. */
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
}

/** A language model: a provider, the name of a model there, and a way to ask it. */
export interface Model {
  readonly provider: ProviderName;
  readonly name: string;
  /** @throws MeshError when the provider fails, after the retries that are due. */
  respond(request: ModelRequest): AsyncIterable<ModelEvent>;
  /** @throws MeshError when the provider cannot be used at present. */
  check(signal: AbortSignal): Promise<void>;
}
