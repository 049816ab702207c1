import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { ProviderName } from './provider-name.ts';

/** A tool call as a model asks for it; its arguments are not yet validated. */
export interface ModelToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text from most servers, a value from some. */
  readonly arguments: unknown;
}

/** An image in base64, for models with vision. */
export interface Image {
  readonly mimeType: string;
  readonly data: string;
}

export type Message =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: string; readonly images?: readonly Image[] }
  | {
      readonly role: 'assistant';
      readonly content: string;
      readonly toolCalls?: readonly ModelToolCall[];
      /** The model's reasoning before this message; some models want it back within a round of tool calls. */
      readonly reasoning?: string;
    }
  | {
      readonly role: 'tool';
      readonly callId: string;
      readonly name: string;
      readonly content: string;
      readonly images?: readonly Image[];
    };

/**
 * The events of an answer; `finish` is the last. A call may be announced by `tool_input_start` and its text by
 * `tool_input_delta`; `tool_call` is the whole call under the same id, and the only one to act on.
 */
export type ModelEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool_input_start'; readonly id: string; readonly name: string }
  | { readonly type: 'tool_input_delta'; readonly id: string; readonly text: string }
  | { readonly type: 'tool_call'; readonly call: ModelToolCall }
  | Notice
  | { readonly type: 'usage'; readonly inputTokens: number; readonly outputTokens: number }
  | { readonly type: 'finish'; readonly reason: 'stop' | 'length' };

/** A notice for the user: another provider took over, older turns were left out. */
export interface Notice {
  readonly type: 'notice';
  readonly code: string;
  readonly message: string;
  /** The model that answers from here on, where it is not the one that was asked. */
  readonly answeredBy?: { readonly provider: ProviderName; readonly model: string };
}

export interface ModelRequest {
  readonly messages: readonly Message[];
  /** The tools that may be called; without any the model has to answer in words. */
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
  /** The caller's sampling settings; a provider leaves out those that it does not know. */
  readonly sampling?: Sampling;
}

export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxOutputTokens?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

/** A language model of one provider. */
export interface Model {
  readonly provider: ProviderName;
  readonly name: string;
  /** @throws MeshError when the provider fails, after the retries that are due. */
  respond(request: ModelRequest): AsyncIterable<ModelEvent>;
  /** Returns the tokens that it reads and writes together, where that is known. */
  windowTokens?(signal: AbortSignal): Promise<number | undefined>;
  /** @throws MeshError when the provider cannot be used at present. */
  check(signal: AbortSignal): Promise<void>;
}
