import { describe, expect, test } from '@jest/globals';
import { fc } from '@toolmesh/shared/test-kit/property';
import { createCallAssembler } from '../../src/models/openai/call-assembler.ts';
import type { ModelEvent } from '../../src/models/model.ts';
import { createAnswerText } from '../../src/models/text/answer-text.ts';
import { announcedInput } from './ask.ts';

const offered = new Set(['add', 'now']);

/** Decodes a text that arrives in these pieces. */
function read(pieces: readonly string[], isPrompted: boolean) {
  const reader = createAnswerText({ toolNames: offered, isPrompted });
  const events = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
  const of = (type: 'text' | 'reasoning') =>
    events.map((event) => (event.type === type && 'text' in event ? event.text : '')).join('');
  const calls = events.flatMap((event) =>
    event.type === 'tool_call' ? [[event.call.name, event.call.arguments]] : [],
  );
  return { text: of('text'), reasoning: of('reasoning'), calls };
}

/** A text cut at random places. */
const cut = (text: string) =>
  fc.array(fc.nat(text.length), { maxLength: 12 }).map((places) => {
    const sorted = [0, ...places.toSorted((a, b) => a - b), text.length];
    return sorted.slice(1).map((end, i) => text.slice(sorted[i], end));
  });

/** Everything that looks like a tag, a fence or a call, in any order. */
const fragment = fc.oneof(
  fc.constantFrom(
    '<think>',
    '</think>',
    '<thinking>',
    '</thinking>',
    '<tool_call>',
    '</tool_call>',
    '<tool_result x>',
    '</tool_result>',
    '```',
    '```json\n',
    '\n',
    ' ',
    '<',
    '</',
    '{',
    '}',
    '[',
    ']',
    '{"name":"add","arguments":{"n":1}}',
    '{"name":"other"',
    '[TOOL_CALLS]',
    '"name"',
    'words',
    '<|python_tag|>',
  ),
  fc.string({ maxLength: 6 }),
);
const texts = fc.array(fragment, { maxLength: 14 }).map((parts) => parts.join(''));
const cutTexts = texts.chain((text) => fc.tuple(fc.constant(text), cut(text)));

describe('the text of an answer', () => {
  test.each([true, false])('means the same wherever it is cut (prompted: %s)', (isPrompted) => {
    fc.assert(
      fc.property(cutTexts, ([text, pieces]) => {
        expect(read(pieces, isPrompted)).toEqual(read([text], isPrompted));
      }),
      { numRuns: 1_000 },
    );
  });

  test('stays as it is when there is nothing in it but words', () => {
    const words = fc.array(fc.stringMatching(/^[a-zA-Z .,\n{}"']{0,12}$/), { maxLength: 10 });
    fc.assert(
      fc.property(words, (pieces) => {
        expect(read(pieces, true)).toEqual({ text: pieces.join(''), reasoning: '', calls: [] });
      }),
      { examples: [[[' ']], [['\n', ' \n']], [['```\n```']]] },
    );
  });

  test('is passed on at once: only a possible start of a tag is held back', () => {
    const reader = createAnswerText({ toolNames: new Set(), isPrompted: false });
    expect(reader.push('Hello')).toEqual([{ type: 'text', text: 'Hello' }]);
    expect(reader.push('\n<thi')).toEqual([{ type: 'text', text: '\n' }]);
    expect(reader.push('ng>')).toEqual([{ type: 'text', text: '<thing>' }]);
    expect(reader.push(' {"name"')).toEqual([{ type: 'text', text: ' {"name"' }]);
  });

  test('may hold a call among words when the model was asked to write it so, even for an unknown tool', () => {
    const text =
      'First <tool_call>{"name":"add","arguments":{}}</tool_call> then <tool_call>{"name":"x","arguments":{}}</tool_call>';
    expect(read([text], true)).toEqual({
      text: 'First then ',
      reasoning: '',
      calls: [
        ['add', {}],
        ['x', {}],
      ],
    });
    expect(read([text], false)).toMatchObject({ text, calls: [] });
  });

  test('keeps a call that is no JSON as text', () => {
    const text = '<tool_call>add(1)</tool_call>';
    expect(read([text], true)).toMatchObject({ text, calls: [] });
  });

  test('of great length takes no more time for being cut finely', () => {
    const long = `<tool_call>${'x'.repeat(200_000)}`;
    const pieces = Array.from({ length: Math.ceil(long.length / 2) }, (_, i) => long.slice(i * 2, i * 2 + 2));
    expect(read(pieces, true).text).toHaveLength(long.length);
  });
});

describe('calls that come in pieces', () => {
  const call = fc.record({ name: fc.constantFrom('add', 'now'), args: fc.json({ maxDepth: 2 }) });
  const assembled = (events: readonly ModelEvent[]) =>
    events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []));

  test('by the format are whole in the end, and what was told of them is the same', () => {
    const script = fc.array(
      call.chain((one) => fc.tuple(fc.constant(one), cut(one.args))),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(script, fc.infiniteStream(fc.nat()), (calls, random) => {
        const assembler = createCallAssembler();
        const queues = calls.map(([{ name }, parts], index) => [
          { index, id: `id_${index}`, name, arguments: '' },
          ...parts.map((part) => ({ index, arguments: part })),
        ]);
        const events: ModelEvent[] = [];
        // The pieces of one call come in order, those of different calls in any.
        for (let begun = 0; queues.some((queue) => queue.length > 0);) {
          const open = queues.filter((queue, i) => queue.length > 0 && i <= begun);
          const queue = open[(random.next().value ?? 0) % Math.max(1, open.length)];
          const next = queue?.shift();
          if (next !== undefined) events.push(...assembler.push(next));
          begun = Math.max(
            begun,
            queues.findIndex((rest) => rest.length > 0),
          );
          if (open.length === 0) begun += 1;
        }
        events.push(...assembler.end());
        const whole = assembled(events);
        expect(whole.map(({ id, name, arguments: args }) => [id, name, args])).toEqual(
          calls.map(([{ name, args }], index) => [`id_${index}`, name, args]),
        );
        for (const { id, arguments: args } of whole) expect(announcedInput(events, id)).toBe(args);
      }),
    );
  });

  test('without ids or indexes are told apart by their names', () => {
    const objects = fc
      .dictionary(fc.string({ maxLength: 4 }), fc.nat(), { maxKeys: 3 })
      .map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.constantFrom('add', 'now'), args: objects }), { maxLength: 5 }),
        (calls) => {
          const assembler = createCallAssembler();
          const events = calls.flatMap(({ name, args }) => assembler.push({ name, arguments: args }));
          const whole = assembled([...events, ...assembler.end()]);
          expect(whole.map(({ name, arguments: args }) => ({ name, args }))).toEqual(calls);
          expect(new Set(whole.map(({ id }) => id)).size).toBe(calls.length);
        },
      ),
    );
  });
});
