import { describe, expect, test } from '@jest/globals';
import { expectLinear, inPieces } from '@toolmesh/shared/test-kit/hostile-text';
import type { Exchange } from '../../src/models/exchange.ts';
import { createLearnt } from '../../src/models/learnt.ts';
import { createOllamaModel } from '../../src/models/ollama/ollama-model.ts';
import { readOpenAiAnswer } from '../../src/models/openai/openai-answer.ts';
import { exchangeError } from '../../src/models/provider-errors.ts';
import { createAnswerText } from '../../src/models/text/answer-text.ts';
import { ask, tool } from './ask.ts';

const toolNames = new Set(['add']);
const { signal } = new AbortController();

async function* bytesOf(text: string, chars: number): AsyncGenerator<Uint8Array> {
  for (const piece of inPieces(text, chars)) yield new TextEncoder().encode(piece);
}

const readers = {
  async openai(body: string, chars: number): Promise<void> {
    const text = createAnswerText({ toolNames, isPrompted: false });
    const response = new Response(null, { headers: { 'content-type': 'text/event-stream' } });
    const answer = readOpenAiAnswer({ provider: 'P', response, body: bytesOf(body, chars), text });
    try {
      for await (const _event of answer);
    } catch (error) {
      // The model translates what a body that is no event stream throws.
      throw error instanceof SyntaxError ? exchangeError('P', 'http://p.test', error) : error;
    }
  },
  async ollama(body: string, chars: number): Promise<void> {
    const exchange: Exchange = {
      signal,
      fetch: async (input) =>
        new Request(input).url.endsWith('/api/show')
          ? new Response('{}', { status: 404 })
          : new Response(ReadableStream.from(bytesOf(body, chars))),
      bodyOf: (response) => response.body ?? ReadableStream.from([]),
      end: () => {},
    };
    const server = { host: 'http://ollama.test', open: () => exchange, models: createLearnt<never>() };
    const { error } = await ask(createOllamaModel(server, 'm', 4_096), { tools: [tool('add')], signal });
    if (error !== undefined) throw error;
  },
};

const chunk = (delta: object) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;
const line = (message: object) => `${JSON.stringify({ message })}\n`;
const called = { function: { name: 'add', arguments: '{"a' } };
const MARKS = {
  openai: [
    'data: ',
    '\r',
    '{',
    '"',
    'data: [DONE]\n\n',
    chunk({ content: '<' }),
    chunk({ tool_calls: [called] }),
    chunk({ tool_calls: [{ ...called, index: 0 }] }),
    chunk({ tool_calls: [{ ...called, id: 'a' }] }),
  ],
  ollama: ['{', '"', '\n', '{}\n', line({ content: '<' }), line({ thinking: 'x' }), line({ tool_calls: [called] })],
};

describe.each(['openai', 'ollama'] as const)('an answer of %s is read in a moment, or refused', (provider) => {
  test.each([16, 64 * 1_024])('in pieces of %i characters', async (chars) => {
    const read = (text: string) => readers[provider](text, chars);
    await expect(expectLinear(read, { marks: MARKS[provider] })).resolves.toBeUndefined();
  });
});
