import { randomUUID } from 'node:crypto';
import { isDeepValue } from '@toolmesh/shared/kit/json/depth';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';
import type { ModelEvent } from '../model.ts';

/** One piece of a tool call, as OpenAI-compatible servers stream it. Any field may be missing. */
export interface CallDelta {
  readonly index?: number | null | undefined;
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  /** A piece of JSON text, or from some servers the whole value. */
  readonly arguments?: unknown;
}

export interface CallAssembler {
  /** Adds a piece and returns the events that it makes. */
  push(delta: CallDelta): readonly ModelEvent[];
  /** Returns the whole calls, in the order in which they began. */
  end(): readonly ModelEvent[];
}

interface OpenCall {
  readonly id: string;
  /** The server's id of the call; undefined until it sends one. */
  wireId: string | undefined;
  readonly index: number | undefined;
  name: string;
  text: string;
  /** Arguments that came as a value rather than as text. */
  value: unknown;
  /** Progress so far: whether the call was announced, and the number of argument characters passed on. */
  isAnnounced: boolean;
  sentChars: number;
}

/** Stands for arguments with more levels than can be written as text. It is no object, and is refused as such. */
const TOO_DEEP = '"nested too deep"';

/**
 * Puts tool calls together. By the format a call has an index, its first piece the id and the name; servers in use
 * leave out ids or indexes, give every call index 0, repeat the name in every piece, or send an object at once.
 */
export function createCallAssembler(): CallAssembler {
  const calls: OpenCall[] = [];

  const open = ({ id, index }: CallDelta): OpenCall => {
    const isFree = Boolean(id) && !calls.some((call) => call.id === id);
    const call: OpenCall = {
      id: isFree && id ? id : `call_${randomUUID()}`,
      wireId: id || undefined,
      index: index ?? undefined,
      name: '',
      text: '',
      value: undefined,
      isAnnounced: false,
      sentChars: 0,
    };
    calls.push(call);
    return call;
  };

  return {
    push(delta) {
      const call = callOf(delta, calls) ?? open(delta);
      call.wireId ??= delta.id || undefined;
      if (call.name === '') call.name = delta.name ?? '';
      if (typeof delta.arguments === 'string') call.text += delta.arguments;
      else if (isDeepValue(delta.arguments)) call.text = TOO_DEEP;
      else call.value = delta.arguments ?? call.value;
      return announce(call);
    },
    end: () =>
      calls
        .filter(({ name }) => name !== '')
        .flatMap((call) => [
          ...announce(call),
          { type: 'tool_call', call: { id: call.id, name: call.name, arguments: argumentsOf(call) } } as const,
        ]),
  };
}

/** Returns the call that a piece belongs to; undefined when it begins a new one. */
function callOf({ index, id, name }: CallDelta, calls: readonly OpenCall[]): OpenCall | undefined {
  const own = calls.findLast(({ wireId }) => Boolean(id) && wireId === id);
  if (own !== undefined) return own;
  const last = typeof index === 'number' ? calls.findLast((call) => call.index === index) : calls.at(-1);
  if (last === undefined) return undefined;
  // An id of its own makes it another call, unless the one before still waits for its id.
  if (id && last.wireId !== undefined) return undefined;
  if (name && last.name !== '' && isWhole(last)) return undefined;
  return last;
}

/** Tells whether the arguments are complete, so that another name means another call. */
const isWhole = ({ text, value }: OpenCall): boolean => value !== undefined || parseJson(text) !== undefined;

function announce(call: OpenCall): readonly ModelEvent[] {
  if (call.name === '') return [];
  const { id, name } = call;
  const events: ModelEvent[] = [];
  if (!call.isAnnounced) events.push({ type: 'tool_input_start', id, name });
  const text = call.text === '' && call.value !== undefined ? JSON.stringify(call.value) : call.text;
  if (text.length > call.sentChars) events.push({ type: 'tool_input_delta', id, text: text.slice(call.sentChars) });
  call.isAnnounced = true;
  call.sentChars = text.length;
  return events;
}

const argumentsOf = ({ text, value }: OpenCall): unknown => (value === undefined || text !== '' ? text : value);
