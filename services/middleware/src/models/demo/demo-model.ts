import type { Model, ModelEvent } from '../model.ts';
import { composeAnswer } from './compose-answer.ts';
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
      const intents = findIntents(messages[asked]?.content ?? '', today);
      const offered = new Set(tools.map(({ name }) => name));
      const callable = intents.filter(({ tool }) => offered.has(tool));
      if (results.length === 0 && callable.length > 0) yield* callsFor(callable);
      else yield* inPieces(composeAnswer(intents, results, offered));
      yield { type: 'usage', inputTokens: 0, outputTokens: 0 };
      yield { type: 'finish', reason: 'stop' };
    },
    check: async () => {},
  };
}

/** Returns the calls that a message asks for, in the order code, time, sums. */
export function findIntents(text: string, today: () => string): readonly Intent[] {
  const code = readCode(text);
  const time = readTime(code.rest, today);
  // A sum has digits.
  const sums = /\d/.test(time.rest) ? readArithmetic(time.rest).intents : [];
  return [...code.intents, ...time.intents, ...sums].slice(0, MAX_CALLS);
}

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
  for (const [piece] of text.matchAll(/(?:\s*\S+){1,4}\s*|\s+/g)) yield { type: 'text', text: piece };
}

const BLOCK = /<(untrusted-[\w-]+|tool_output [\w-]+)\b[^>]*>\r?\n?([\s\S]*?)\r?\n?<\/\1>/;

/** Returns the text of a tool result without the block that marks it as untrusted for a model. */
const unwrapUntrusted = (text: string): string => BLOCK.exec(text)?.[2] ?? text;
