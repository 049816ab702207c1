import { randomUUID } from 'node:crypto';
import { isDeepValue } from '@toolmesh/shared/kit/json/depth';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ModelEvent } from '../model.ts';
import { createJsonProgress, type JsonProgress } from './json-progress.ts';

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
  /** The text of the arguments, in pieces: one text that grows would be copied with each piece. */
  readonly pieces: string[];
  /** The pieces that were passed on. */
  sentPieces: number;
  readonly text: JsonProgress;
  /** Arguments that came as a value rather than as text. */
  value: unknown;
  /** Progress so far: whether the call was announced, and its arguments as a value. */
  isAnnounced: boolean;
  isValueSent: boolean;
}

/** Stands for arguments with more levels than can be written as text. It is no object, and is refused as such. */
const TOO_DEEP = '"nested too deep"';
/** More than a run makes; an answer with more is at fault. */
const MAX_CALLS = 1_000;

/**
 * Puts tool calls together. By the format a call has an index, its first piece the id and the name; servers in use
 * leave out ids or indexes, give every call index 0, repeat the name in every piece, or send an object at once.
 * `push` throws a MeshError for more than a thousand calls.
 */
export function createCallAssembler(): CallAssembler {
  const calls: OpenCall[] = [];

  const open = ({ id, index }: CallDelta): OpenCall => {
    if (calls.length === MAX_CALLS) {
      throw new MeshError('upstream_failed', `The model made more than ${MAX_CALLS} tool calls in one answer`);
    }
    const isFree = Boolean(id) && !calls.some((call) => call.id === id);
    const call: OpenCall = {
      id: isFree && id ? id : `call_${randomUUID()}`,
      wireId: id || undefined,
      index: index ?? undefined,
      name: '',
      pieces: [],
      sentPieces: 0,
      text: createJsonProgress(),
      value: undefined,
      isAnnounced: false,
      isValueSent: false,
    };
    calls.push(call);
    return call;
  };

  return {
    push(delta) {
      const call = callOf(delta, calls) ?? open(delta);
      call.wireId ??= delta.id || undefined;
      if (call.name === '') call.name = delta.name ?? '';
      add(call, delta.arguments);
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

function add(call: OpenCall, args: unknown): void {
  if (typeof args === 'string') {
    if (args !== '') call.pieces.push(args);
  } else if (isDeepValue(args)) call.pieces.push(TOO_DEEP);
  else call.value = args ?? call.value;
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
const isWhole = ({ text, pieces, value }: OpenCall): boolean => value !== undefined || text.isWhole(pieces);

function announce(call: OpenCall): readonly ModelEvent[] {
  if (call.name === '') return [];
  const { id, name } = call;
  const events: ModelEvent[] = [];
  if (!call.isAnnounced) events.push({ type: 'tool_input_start', id, name });
  const isValue = call.pieces.length === 0 && call.value !== undefined && !call.isValueSent;
  const text = isValue ? JSON.stringify(call.value) : call.pieces.slice(call.sentPieces).join('');
  if (text !== '') events.push({ type: 'tool_input_delta', id, text });
  call.isAnnounced = true;
  call.isValueSent ||= isValue;
  call.sentPieces = call.pieces.length;
  return events;
}

const argumentsOf = ({ pieces, value }: OpenCall): unknown =>
  value === undefined || pieces.length > 0 ? pieces.join('') : value;
