import { describe, expect, test } from '@jest/globals';
import { APIError } from 'openai';
import { expectLinear, inPieces } from '@toolmesh/shared/test-kit/hostile-text';
import { readImage } from '../src/decoders/read-image.ts';
import { exportMarkdown } from '../src/encoders/session-markdown.ts';
import { estimateTokens } from '../src/models/context/token-estimate.ts';
import { createCallAssembler } from '../src/models/openai/call-assembler.ts';
import { refusedPart } from '../src/models/openai/openai-refusals.ts';
import { statusError } from '../src/models/provider-errors.ts';
import { createAnswerText } from '../src/models/text/answer-text.ts';
import { readPrintedCalls } from '../src/models/text/printed-calls.ts';
import { withPromptedTools } from '../src/models/text/prompted-tools.ts';
import { canonicalJson } from '../src/policy/canonical-json.ts';
import { createToolPolicy } from '../src/policy/tool-policy.ts';
import { prepareCall } from '../src/run/calls/prepare-call.ts';
import { renderOutcome } from '../src/run/render-outcome.ts';
import { tool } from './models/ask.ts';

const toolNames = new Set(['add']);
const JSON_MARKS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ':',
  ',',
  '//',
  '/*',
  '*/',
  '`',
  '{"a":',
  '[1,',
  '"a",',
  '{"a":1},',
  '-',
  '.5',
  'null',
  'undefined',
  '```',
  'NumberLong(',
  'x(',
  '...',
];
const TAG_MARKS = [
  '<',
  '</',
  '>',
  '<think>',
  '</think>',
  '<tool_call>',
  '</tool_call>',
  '<tool_result',
  '</tool_result>',
  '```',
  '{"name":"add","arguments":{}}',
  '{"name":',
  '[TOOL_CALLS]',
  ';',
];

/** Reads a text as it would come from a model, in pieces of this size. */
function readAnswer(text: string, isPrompted: boolean, chars: number): void {
  const reader = createAnswerText({ toolNames, isPrompted });
  for (const piece of inPieces(text, chars)) reader.push(piece);
  reader.end();
}

const schema = (items: object) => ({ type: 'object', properties: { a: { type: 'array', items } } });
const prepare = (args: unknown, items: object = { type: 'string' }) =>
  prepareCall({ id: 'c', name: 'add', arguments: args }, [tool('add', schema(items))]);

const refusal = (message: string) =>
  refusedPart(new APIError(400, { message }, message, new Headers()), {
    request: { messages: [], tools: [tool('add')], signal: new AbortController().signal },
    body: { temperature: 1, stream_options: {} },
    known: new Set(),
  });

describe('1 MiB of anything is read in a moment, or refused:', () => {
  const readers: [string, readonly string[], (text: string) => unknown][] = [
    ['an answer', TAG_MARKS, (text) => readAnswer(text, false, 1e9)],
    ['an answer with calls as text', TAG_MARKS, (text) => readAnswer(text, true, 1e9)],
    ['an answer in small pieces', TAG_MARKS, (text) => readAnswer(text, false, 16)],
    ['an answer with calls as text, in small pieces', TAG_MARKS, (text) => readAnswer(text, true, 16)],
    ['a printed call', [...JSON_MARKS, ...TAG_MARKS], readPrintedCalls],
    ['arguments of a call', JSON_MARKS, (text) => prepare(text)],
    [
      'arguments of the wrong type',
      ['1,', '"1",', '{},', 'null,', '"{}",', '{"a":1},'],
      (text) => prepare(`{"a":[${text}1]}`),
    ],
    [
      'arguments of a call in small pieces',
      JSON_MARKS,
      (text) => {
        const calls = createCallAssembler();
        for (const piece of inPieces(text)) calls.push({ index: 0, id: 'a', name: 'add', arguments: piece });
        calls.end();
      },
    ],
    [
      'calls without ids, in small pieces',
      JSON_MARKS,
      (text) => {
        const calls = createCallAssembler();
        for (const piece of inPieces(text)) calls.push({ name: 'add', arguments: piece });
        calls.end();
      },
    ],
    [
      'a tool result for a model without tools',
      TAG_MARKS,
      (content) => withPromptedTools([{ role: 'tool', callId: 'c', name: 'add', content }], []),
    ],
    [
      'a tool result',
      TAG_MARKS,
      (text) => renderOutcome({ tool: 'add', is_error: false, content: [{ type: 'text', text }], duration_ms: 1 }),
    ],
    [
      'a refusal of a provider',
      ['tool ', 'support', 'name', '"', "'", 'schema', 'function ', 'requires --', 'endpoints found ', 'image '],
      refusal,
    ],
    [
      'an error of a provider',
      ['context_length', 'input is ', 'prompt ', 'longer than', 'maximum context'],
      (detail) => statusError('P', { status: 500, detail }),
    ],
    [
      'an export',
      ['`', '```', '~', '#'],
      (content) =>
        exportMarkdown(content, [
          { role: 'user', id: 'm', content },
          {
            role: 'assistant',
            id: 'n',
            steps: [{ text: content, calls: [{ id: 'c', name: content, arguments: content }] }],
          },
        ]),
    ],
    ['a text whose tokens are estimated', ['字', 'A', '0'], estimateTokens],
    ['an image', ['data:image/png;base64,', 'A', '=', ';', '/'], readImage],
    [
      'the name of a tool',
      ['a', '*', 'b'],
      (name) => createToolPolicy([{ pattern: '*a*a*a*b*c', permission: 'ask' }])(tool(name)),
    ],
    ['arguments that an approval is bound to', ['"', '{', 'x'], (text) => canonicalJson({ text, [text]: [text] })],
  ];
  test.each(readers)('%s', async (_name, marks, read) => {
    await expect(expectLinear(read, { marks })).resolves.toBeUndefined();
  });
});
