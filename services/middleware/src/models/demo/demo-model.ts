import type { Model, ModelEvent } from '../model.ts';
import { composeAnswer, describeLimit } from './compose-answer.ts';
import type { Intent } from './intent.ts';
import { readArithmetic } from './read-arithmetic.ts';
import { readCode } from './read-code.ts';
import { readTime } from './read-time.ts';

/**
 * Makes the demo model: rules that find programs, questions about the time and sums in a message, call the real tools
 * for them, and put the results into words. The same message always leads to the same calls. `today` is `YYYY-MM-DD`.
 */
export function createDemoModel(today: () => string = () => new Date().toISOString().slice(0, 10)): Model {
  return {
    provider: 'demo',
    name: 'demo',
    async *respond({ messages, tools }) {
      const asked = messages.findLastIndex(({ role }) => role === 'user');
      const results = messages
        .slice(asked + 1)
        .filter((message) => message.role === 'tool')
        .map((message) => ({ ...message, content: unwrapUntrusted(message.content) }));
      const text = messages[asked]?.content ?? '';
      const intents = findIntents(text, today);
      const offered = new Set(tools.map(({ name }) => name));
      const callable = intents.filter(({ tool }) => offered.has(tool));
      if (results.length === 0 && callable.length > 0) yield* callsFor(callable);
      else if (results.length === 0 && text.length > MAX_READ_CHARS)
        yield* inPieces(describeLimit(text.length, MAX_READ_CHARS));
      else yield* inPieces(composeAnswer(intents, results, offered));
      yield { type: 'usage', inputTokens: 0, outputTokens: 0 };
      yield { type: 'finish', reason: 'stop' };
    },
    check: async () => {},
  };
}

/** Returns the calls that a message asks for, in the order code, time, sums. A message that is too long asks for none. */
export function findIntents(text: string, today: () => string): readonly Intent[] {
  if (text.length > MAX_READ_CHARS) return [];
  const code = readCode(text);
  const time = readTime(code.rest, today);
  // A sum has digits.
  const sums = /\d/.test(time.rest) ? readArithmetic(time.rest) : [];
  return [...code.intents, ...time.intents, ...sums].slice(0, MAX_CALLS);
}

/** The longest message that the rules read. Longer ones are for a language model. */
const MAX_READ_CHARS = 8 * 1_024;
const MAX_CALLS = 8;

function* callsFor(intents: readonly Intent[]): Generator<ModelEvent> {
  const calls = intents.map(({ tool, arguments: args }, index) => ({
    id: `call_${index + 1}`,
    name: tool,
    arguments: JSON.stringify(args),
  }));
  for (const { id, name, arguments: text } of calls) {
    yield { type: 'tool_input_start', id, name };
    yield { type: 'tool_input_delta', id, text };
  }
  for (const call of calls) yield { type: 'tool_call', call };
}

/** Yields a text as models do: a few words at a time. */
function* inPieces(text: string): Generator<ModelEvent> {
  const words = text.split(/(?<=\s)(?=\S)/);
  for (let i = 0; i < words.length; i += WORDS_PER_PIECE) {
    const piece = words.slice(i, i + WORDS_PER_PIECE).join('');
    if (piece !== '') yield { type: 'text', text: piece };
  }
}

const WORDS_PER_PIECE = 4;

const MARKS = ['<untrusted-', '<tool_output '];
const MARK_NAME = /^(?:untrusted-|tool_output )[\w-]+/;

/** Returns the text of a tool result without the block that marks it as untrusted for a model. */
function unwrapUntrusted(text: string): string {
  const starts = MARKS.map((mark) => text.indexOf(mark)).filter((at) => at !== -1);
  if (starts.length === 0) return text;
  const start = Math.min(...starts) + 1;
  const end = text.indexOf('>', start);
  const name = end === -1 ? undefined : MARK_NAME.exec(text.slice(start, end))?.[0];
  const close = name === undefined ? -1 : text.indexOf(`</${name}>`, end);
  if (close === -1) return text;
  return text
    .slice(end + 1, close)
    .replace(/^\r?\n/, '')
    .replace(/\r?\n$/, '');
}
