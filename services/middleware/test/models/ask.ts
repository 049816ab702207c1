import { loadConfig } from '@toolmesh/shared/kit/service/config';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { MiddlewareConfig } from '../../src/config.ts';
import { openGuarded } from '../../src/models/open-model.ts';
import type { ProviderName } from '../../src/models/provider-name.ts';
import { createProviders } from '../../src/models/providers.ts';
import type { Message, Model, ModelEvent, ModelRequest } from '../../src/models/model.ts';
import type { Behaviour } from '../fakes/fake-provider.ts';

/** The settings of a middleware, as its environment would give them. */
export const settings = (env: Record<string, string>): MiddlewareConfig => loadConfig(MiddlewareConfig, env);

/** Opens a provider's default model, as a middleware that has just started would. */
export const openModel = (config: MiddlewareConfig, provider: ProviderName): Promise<Model> =>
  openGuarded(createProviders(config)[provider]);

export const user = (content: string): Message => ({ role: 'user', content });

export const tool = (name: string, input_schema: Tool['input_schema'] = { type: 'object', properties: {} }): Tool => ({
  name,
  description: `Does ${name}.`,
  input_schema,
  annotations: {},
});

/** An answer of a model. */
export interface Reply {
  readonly events: readonly ModelEvent[];
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  readonly notices: readonly string[];
  /** The failure that ended the answer. */
  readonly error?: unknown;
}

/** Asks a model and collects its answer, up to its end or its failure. */
export async function ask(model: Model, request: Partial<ModelRequest> = {}): Promise<Reply> {
  const events: ModelEvent[] = [];
  let failure: { readonly error?: unknown } = {};
  const signal = new AbortController().signal;
  try {
    for await (const event of model.respond({ messages: [user('hi')], tools: [], signal, ...request })) {
      events.push(event);
    }
  } catch (error) {
    failure = { error };
  }
  const joined = (type: 'text' | 'reasoning') =>
    events.map((event) => (event.type === type && 'text' in event ? event.text : '')).join('');
  return {
    events,
    text: joined('text'),
    reasoning: joined('reasoning'),
    calls: events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : [])),
    notices: events.flatMap((event) => (event.type === 'notice' ? [event.code] : [])),
    ...failure,
  };
}

/** Returns the input of a call as it was announced before the call was whole. */
export const announcedInput = (events: readonly ModelEvent[], id: string): string =>
  events.map((event) => (event.type === 'tool_input_delta' && event.id === id ? event.text : '')).join('');

/** One chunk of a streamed chat completion. */
export const delta = (fields: object, finish_reason: string | null = null): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: fields, finish_reason }],
});
/** A text letter by letter: as pieces that cut everything that can be cut. */
export const letters = (text: string): readonly string[] => Array.from(text);

export const say = (content: string): object => delta({ content });
export const stop = delta({}, 'stop');
export const callDelta = (fields: object): object => delta({ tool_calls: [fields] });

export const frame = (data: object | string): string =>
  `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

const SSE = { 'content-type': 'text/event-stream' };

/** A streamed answer: the chunks, then `[DONE]`. */
export const stream =
  (...chunks: (object | string)[]): Behaviour =>
  (res) => {
    res.writeHead(200, SSE);
    for (const chunk of chunks) res.write(frame(chunk));
    res.end(frame('[DONE]'));
  };

/** Bytes as they are given, each piece in a packet of its own; `after` says how the answer ends. */
export const pieces =
  (parts: readonly (string | Uint8Array)[], after: 'end' | 'hang up' | 'stay' = 'end', headers = SSE): Behaviour =>
  (res) => {
    res.writeHead(200, headers);
    res.flushHeaders();
    const next = (index: number): void => {
      const part = parts[index];
      if (part !== undefined) {
        res.write(part);
        setTimeout(() => next(index + 1), 5);
      } else if (after === 'end') res.end();
      else if (after === 'hang up') res.destroy();
    };
    next(0);
  };
