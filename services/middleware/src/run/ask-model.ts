import { randomUUID } from 'node:crypto';
import type { Model, ModelRequest, ModelToolCall } from '../models/model.ts';
import type { RunEvent } from './events.ts';

/** The whole of what a model answered to one request. */
export interface ModelAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ModelToolCall[];
  /** Calls that were announced; some may never have been completed. */
  readonly announced: readonly { readonly id: string; readonly name: string }[];
  /** True when the model's length limit ended the answer. */
  readonly isCut: boolean;
  readonly tokens: number;
}

/** Asks a model once; yields its answer as it comes and returns the whole of it. @throws what the model throws. */
export async function* askModel(
  model: Model,
  request: ModelRequest,
  ids: CallIds,
): AsyncGenerator<RunEvent, ModelAnswer> {
  let text = '';
  let reasoning = '';
  let isCut = false;
  let tokens = 0;
  const calls: ModelToolCall[] = [];
  const announced: { id: string; name: string }[] = [];
  ids.newAnswer();
  try {
    for await (const event of model.respond(request)) {
      if (event.type === 'text') {
        if (event.text === '') continue;
        text += event.text;
        yield event;
      } else if (event.type === 'reasoning') {
        reasoning += event.text;
        yield event;
      } else if (event.type === 'tool_input_start') {
        const id = ids.announce(event.id);
        announced.push({ id, name: event.name });
        yield { type: 'tool_input_start', id, name: event.name };
      } else if (event.type === 'tool_input_delta') {
        const id = ids.announced(event.id);
        if (id !== undefined) yield { type: 'tool_input_delta', id, text: event.text };
      } else if (event.type === 'tool_call') calls.push({ ...event.call, id: ids.take(event.call.id) });
      else if (event.type === 'usage') {
        tokens += event.inputTokens + event.outputTokens;
        yield event;
      } else if (event.type === 'notice') yield event;
      else isCut = event.reason === 'length';
    }
  } catch (error) {
    yield* endUnfinished(announced, [], 'the answer of the model broke off');
    throw error;
  }
  return { text, reasoning, calls, announced, isCut, tokens };
}

/** Ends the announced calls that are not among `calls`. */
export function* endUnfinished(
  announced: ModelAnswer['announced'],
  calls: readonly ModelToolCall[],
  message: string,
): Generator<RunEvent> {
  const made = new Set(calls.map(({ id }) => id));
  for (const { id, name } of announced) if (!made.has(id)) yield { type: 'tool_input_error', id, name, message };
}

export type CallIds = ReturnType<typeof createCallIds>;

const MAX_ID_CHARS = 128;

/**
 * Makes ids of calls that are unique in the whole conversation: some servers start counting anew in every answer, or
 * repeat one. `isFresh` replaces all of them by random ones.
 */
export function createCallIds(taken: Iterable<string>, isFresh = false) {
  const used = new Set(taken);
  let open = new Map<string, string[]>();
  const make = (sent: string): string => {
    const base = isFresh || sent === '' || sent.length > MAX_ID_CHARS ? `call_${randomUUID()}` : sent;
    let id = base;
    for (let n = 2; used.has(id); n += 1) id = `${base}_${n}`;
    used.add(id);
    return id;
  };
  return {
    newAnswer() {
      open = new Map();
    },
    /** Returns the id for a call that begins. */
    announce(sent: string): string {
      const id = make(sent);
      open.set(sent, [...(open.get(sent) ?? []), id]);
      return id;
    },
    /** Returns the id of the last call that began under `sent`. */
    announced: (sent: string): string | undefined => open.get(sent)?.at(-1),
    /** Returns the id of a whole call: the one it began with, where it was announced. */
    take: (sent: string): string => open.get(sent)?.shift() ?? make(sent),
  };
}
