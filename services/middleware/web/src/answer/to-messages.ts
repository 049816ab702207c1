import { isRecord } from '@toolmesh/shared/kit/json/is-record';
import { type JsonObject, listOf, objectOf, textOf } from '../api/json.ts';
import { type Answer, type CallPart, callsOf, type Part, spokenText, type Turn } from './turn.ts';

/** Below what a server takes by default (1 MiB), with room for the rest of the request. */
const MAX_CHARS = 800_000;
/** The length of a text in a result that had to be made smaller. */
const LIGHT_TEXT_CHARS = 2_000;

/**
 * A conversation as `POST /chat` takes it, to be answered anew from its end. Answers with calls go as UI messages, so
 * that the server keeps what tools gave; where all of it would be too much, pictures, files and long texts of results
 * are left out, the oldest first.
 */
export function toMessages(turns: readonly Turn[], maxChars: number = MAX_CHARS): readonly JsonObject[] {
  const messages = turns.map((turn) => toMessage(turn, (output) => output));
  let size = messages.reduce((sum, message) => sum + sizeOf(message), 0);
  for (const [index, turn] of turns.entries()) {
    if (size <= maxChars) break;
    const light = toMessage(turn, lighten);
    size += sizeOf(light) - sizeOf(messages[index]);
    messages[index] = light;
  }
  return messages.filter((message) => message !== undefined);
}

const sizeOf = (message: JsonObject | undefined): number =>
  message === undefined ? 0 : JSON.stringify(message).length;

/** Undefined for an answer of which nothing has come. */
function toMessage(turn: Turn, change: (output: unknown) => unknown): JsonObject | undefined {
  if (turn.role === 'user') return { role: 'user', content: turn.text };
  if (callsOf(turn).length > 0) return { role: 'assistant', parts: partsOf(turn, change) };
  const content = spokenText(turn);
  return content === '' ? undefined : { role: 'assistant', content };
}

const partsOf = ({ parts }: Answer, change: (output: unknown) => unknown): readonly JsonObject[] =>
  parts.map((part: Part): JsonObject => {
    if (part.type === 'call') return callPart(part, change);
    return { type: part.type, text: part.text };
  });

function callPart({ callId, name, state, input, output, errorText }: CallPart, change: (output: unknown) => unknown) {
  const part = { type: 'dynamic-tool', toolCallId: callId, toolName: name, input: input ?? {} };
  if (state === 'denied') return { ...part, state: 'output-denied' };
  if (output !== undefined) return { ...part, state: 'output-available', output: change(output) };
  return { ...part, state: 'output-error', errorText: errorText ?? 'The call did not finish' };
}

/** A result without what weighs: no pictures, no files, the beginnings of its texts. */
function lighten(output: unknown): unknown {
  if (!isRecord(output)) return (textOf(output) ?? '').slice(0, LIGHT_TEXT_CHARS);
  const content = listOf(output['content']).flatMap((block) => {
    const text = textOf(objectOf(block)['text']);
    return text === undefined ? [] : [{ type: 'text', text: text.slice(0, LIGHT_TEXT_CHARS) }];
  });
  const { structured_content: _structured, ...rest } = output;
  return { ...rest, content };
}
