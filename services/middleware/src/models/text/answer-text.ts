import { randomUUID } from 'node:crypto';
import type { ModelEvent } from '../model.ts';
import { mayBePrintedCall, type PrintedCall, readPrintedCalls } from './printed-calls.ts';
import { createTagReader, type Tag } from './tagged-text.ts';

/** A reader of a model’s text: words, reasoning between `<think>` tags, and calls that the model prints as text. */
export interface AnswerText {
  push(text: string): readonly ModelEvent[];
  end(): readonly ModelEvent[];
}

export interface AnswerTextOptions {
  /** The tools that may be called; without any, calls are not looked for. */
  readonly toolNames: ReadonlySet<string>;
  /** True when the model was asked to write its calls as text. */
  readonly isPrompted: boolean;
}

const THOUGHTS: readonly Tag[] = ['think', 'thinking'].map((name) => ({
  open: `<${name}>`,
  close: `</${name}>`,
  inside: 'stream',
  atLineStart: true,
}));
const CALL = { open: '<tool_call>', close: '</tool_call>', inside: 'collect' } as const;
/** A model that goes on to make up the result of its call. */
const MADE_UP: Tag = { open: '<tool_result', close: '</tool_result>', inside: 'drop', atLineStart: false };

/**
 * Reads a model's text as it comes. A printed call counts only when nothing else can be meant: it is between
 * `<tool_call>` tags outside a code fence, or is the whole answer, and names a tool that was offered.
 */
export function createAnswerText({ toolNames, isPrompted }: AnswerTextOptions): AnswerText {
  const takesCalls = toolNames.size > 0;
  const tags = [
    ...THOUGHTS,
    ...(takesCalls ? [{ ...CALL, atLineStart: !isPrompted }] : []),
    ...(takesCalls && isPrompted ? [MADE_UP] : []),
  ];
  const reader = createTagReader(tags);
  /** The beginning of an answer that may turn out to be a call, in pieces; undefined once it cannot. */
  let opening: string[] | undefined = takesCalls ? [] : undefined;
  let openingStart = '';
  let isAfterTag = false;

  const say = (text: string): readonly ModelEvent[] => {
    // The blank lines between thoughts or a call and the words after them belong to neither.
    const shown = isAfterTag ? text.trimStart() : text;
    if (shown === '') return [];
    isAfterTag = false;
    return [{ type: 'text', text: shown }];
  };
  const flush = (): readonly ModelEvent[] => {
    const held = opening?.join('') ?? '';
    opening = undefined;
    return say(held);
  };
  const readText = (text: string): readonly ModelEvent[] => {
    if (opening === undefined) return say(text);
    opening.push(text);
    if (openingStart.length >= OPENING_CHARS) return [];
    openingStart += text.slice(0, OPENING_CHARS);
    return mayBePrintedCall(openingStart) ? [] : flush();
  };
  const isWanted = (calls: readonly PrintedCall[] | undefined): calls is readonly PrintedCall[] =>
    calls !== undefined && calls.every(({ name }) => isPrompted || toolNames.has(name));

  const readTagged = (tag: Tag, inside: string, isClosed: boolean): readonly ModelEvent[] => {
    if (tag.inside === 'stream') {
      if (isClosed) isAfterTag = true;
      return inside === '' ? [] : [{ type: 'reasoning', text: inside }];
    }
    const calls = readPrintedCalls(inside);
    const before = flush();
    if (!isWanted(calls)) return [...before, ...say(tag.open + inside + (isClosed ? tag.close : ''))];
    isAfterTag = true;
    return [...before, ...calls.flatMap(announceCall)];
  };
  const read = (pieces: ReturnType<typeof reader.push>): readonly ModelEvent[] =>
    pieces.flatMap((piece) =>
      'text' in piece ? readText(piece.text) : readTagged(piece.tag, piece.inside, piece.isClosed),
    );

  return {
    push: (text) => read(reader.push(text)),
    end() {
      const events = read(reader.end());
      const calls = opening === undefined ? undefined : readPrintedCalls(opening.join(''));
      // A blank answer, or an empty fence, consists of no calls: it stays the text that it is.
      const isCalls = calls !== undefined && calls.length > 0 && calls.every(({ name }) => toolNames.has(name));
      if (!isCalls) return [...events, ...flush()];
      opening = undefined;
      return [...events, ...calls.flatMap(announceCall)];
    },
  };
}

/** By then the first key of a call has been read; what passes up to here is held until the answer ends. */
const OPENING_CHARS = 64;

/** A whole call with the events that announce it, as of one that came in pieces. */
function announceCall({ name, arguments: args }: PrintedCall): readonly ModelEvent[] {
  const id = `call_${randomUUID()}`;
  return [
    { type: 'tool_input_start', id, name },
    { type: 'tool_input_delta', id, text: typeof args === 'string' ? args : JSON.stringify(args) },
    { type: 'tool_call', call: { id, name, arguments: args } },
  ];
}
