import { randomUUID } from 'node:crypto';
import type { Model, ModelRequest, ModelToolCall } from '../models/model.ts';
import type { RunEvent } from './events.ts';

export interface Said {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ModelToolCall[];
  /** Calls that were announced; those of them that never came are told as such. */
  readonly announced: readonly { readonly id: string; readonly name: string }[];
  /** Whether the model's length limit ended the answer. */
  readonly cut: boolean;
  readonly tokens: number;
}

/** Asks a model once and passes on what it says; returns the whole of it. @throws what the model throws. */
export async function* askModel(model: Model, request: ModelRequest, ids: CallIds): AsyncGenerator<RunEvent, Said> {
  let text = '';
  let reasoning = '';
  let cut = false;
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
      else cut = event.reason === 'length';
    }
  } catch (error) {
    yield* unfinished(announced, [], 'the answer of the model broke off');
    throw error;
  }
  return { text, reasoning, calls, announced, cut, tokens };
}

/** Tells of announced calls that will not be made. */
export function* unfinished(
  announced: Said['announced'],
  calls: readonly ModelToolCall[],
  message: string,
): Generator<RunEvent> {
  const made = new Set(calls.map(({ id }) => id));
  for (const { id, name } of announced) if (!made.has(id)) yield { type: 'tool_input_error', id, name, message };
}

export type CallIds = ReturnType<typeof createCallIds>;

const MAX_ID_CHARS = 128;

/**
 * Ids of calls that are one's own in the whole conversation: some servers count anew in every answer, or repeat one.
 * `isFresh` makes all of them anew, so that nobody can guess one.
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
    /** The id of a call that is beginning. */
    announce(sent: string): string {
      const id = make(sent);
      open.set(sent, [...(open.get(sent) ?? []), id]);
      return id;
    },
    /** The id of the last call that began under `sent`. */
    announced: (sent: string): string | undefined => open.get(sent)?.at(-1),
    /** The id of a whole call: that of its beginning, where there was one. */
    take: (sent: string): string => open.get(sent)?.shift() ?? make(sent),
  };
}
