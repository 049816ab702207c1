import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { fc } from '@toolmesh/shared/test-kit/property';
import { type ContextRequest, fitContext } from '../../src/models/context/context-window.ts';
import type { Message } from '../../src/models/model.ts';
import { createCalibration } from '../../src/models/context/calibration.ts';
import { estimateMessage, estimateTokens, estimateTools, sum } from '../../src/models/context/token-estimate.ts';
import { tool, user } from './ask.ts';

const words = (min: number, max: number) => fc.integer({ min, max }).map((count) => 'word '.repeat(count));
/** A question, rounds of calls with their results, an answer. */
const turn: fc.Arbitrary<readonly Message[]> = fc
  .record({
    ask: words(1, 80),
    rounds: fc.array(fc.array(words(0, 400), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
    id: fc.uuid(),
  })
  .chain(({ ask, rounds, id }) =>
    words(0, 60).map((reply): readonly Message[] => [
      user(ask),
      ...rounds.flatMap((results, round): Message[] => [
        {
          role: 'assistant',
          content: '',
          toolCalls: results.map((_, i) => ({ id: `${id}_${round}_${i}`, name: 'add', arguments: '{}' })),
        },
        ...results.map((content, i): Message => ({
          role: 'tool',
          callId: `${id}_${round}_${i}`,
          name: 'add',
          content,
        })),
      ]),
      { role: 'assistant', content: reply },
    ]),
  );
const conversation = fc
  .record({ turns: fc.array(turn, { maxLength: 8 }), last: turn, system: fc.boolean(), ends: fc.boolean() })
  .map(({ turns, last, system, ends }): readonly Message[] => [
    ...(system ? [{ role: 'system' as const, content: 'Be kind.' }] : []),
    ...turns.flat(),
    ...(ends ? last : last.slice(0, -1)),
  ]);
const request: fc.Arbitrary<ContextRequest> = fc.record({
  messages: conversation,
  tools: fc.constantFrom([], [tool('add')]),
  windowTokens: fc.integer({ min: 512, max: 12_000 }),
  maxOutputTokens: fc.option(fc.integer({ min: 1, max: 4_000 }), { nil: undefined }),
  factor: fc.double({ min: 0.6, max: 4, noNaN: true }),
});

/** Returns the part of a conversation that fits; undefined when its last turn is too long. */
function fit(of: ContextRequest) {
  try {
    return fitContext(of);
  } catch (error) {
    expect(error).toBeInstanceOf(MeshError);
    return undefined;
  }
}
const holds = (check: (of: ContextRequest, fitted: NonNullable<ReturnType<typeof fit>>) => void) =>
  fc.assert(
    fc.property(request, (of) => {
      const fitted = fit(of);
      if (fitted !== undefined) check(of, fitted);
    }),
    { numRuns: 500 },
  );

describe('a conversation that is made to fit', () => {
  test('never holds a result without its call, nor a call without its result', () => {
    holds((_of, { messages }) => {
      const unanswered = new Set<string>();
      const problems: string[] = [];
      for (const message of messages) {
        if (message.role === 'tool') {
          if (!unanswered.delete(message.callId)) problems.push('a result without its call');
        } else if (unanswered.size > 0) problems.push('a call without its result');
        if (message.role === 'assistant') for (const { id } of message.toolCalls ?? []) unanswered.add(id);
      }
      expect(problems).toEqual([]);
      expect(unanswered.size).toBe(0);
    });
  });

  test('keeps the instructions and the latest turn, in order, and of the others the latest ones', () => {
    holds(({ messages }, fitted) => {
      const reply = messages.findLastIndex(({ role }) => role === 'user');
      const shape = (list: readonly Message[]) =>
        list.map((message) => [message.role, message.role === 'tool' ? message.callId : message.content]);
      const isSystem = ({ role }: Message) => role === 'system';
      expect(fitted.messages.filter(isSystem)).toEqual(messages.filter(isSystem));
      expect(shape(fitted.messages.slice(reply - messages.length))).toEqual(shape(messages.slice(reply)));
      const rest = fitted.messages.filter((message) => !isSystem(message));
      expect(shape(rest)).toEqual(shape(messages.slice(-rest.length)));
      expect(rest[0]?.role).toBe('user');
    });
  });

  test('leaves room for the answer', () => {
    holds(({ tools, windowTokens, maxOutputTokens, factor }, fitted) => {
      const tokens = (estimateTools(tools) + sum(fitted.messages.map(estimateMessage))) * factor;
      const room =
        maxOutputTokens === undefined ? Math.min(8_192, windowTokens / 8) : Math.min(maxOutputTokens, windowTokens / 2);
      expect(tokens).toBeLessThanOrEqual(windowTokens - Math.floor(room) + 1e-6);
      expect(fitted.estimatedTokens * factor).toBeCloseTo(tokens, 3);
    });
  });

  test('is not touched when it fits', () => {
    fc.assert(
      fc.property(request, (of) => {
        expect(fitContext({ ...of, windowTokens: 1e6, factor: 1 })).toMatchObject({
          messages: of.messages,
          leftOutTurns: 0,
          shortenedResults: 0,
        });
      }),
    );
  });

  test('loses no turn that would have fitted', () => {
    holds((of, fitted) => {
      if (fitted.leftOutTurns === 0 || fitted.shortenedResults > 0) return;
      const isSystem = ({ role }: Message) => role === 'system';
      const kept = fitted.messages.filter((message) => !isSystem(message)).length;
      const others = of.messages.filter((message) => !isSystem(message));
      const start = others.slice(0, others.length - kept).findLastIndex(({ role }) => role === 'user');
      const one = sum(others.slice(start, others.length - kept).map(estimateMessage));
      const { windowTokens, maxOutputTokens, factor } = of;
      const reserve =
        maxOutputTokens === undefined ? Math.min(8_192, windowTokens / 8) : Math.min(maxOutputTokens, windowTokens / 2);
      expect((fitted.estimatedTokens + one) * factor).toBeGreaterThan(windowTokens - Math.ceil(reserve) - 1e-6);
    });
  });

  test('has the results of its latest turn shortened before it is refused', () => {
    const result = (id: string, content: string): readonly Message[] => [
      { role: 'assistant', content: '', toolCalls: [{ id, name: 'add', arguments: '{}' }] },
      { role: 'tool', callId: id, name: 'add', content },
    ];
    const long = `HEAD${'x'.repeat(15_000)}TAIL`;
    const messages = [
      user('old'),
      { role: 'assistant' as const, content: 'old' },
      user('Go.'),
      ...result('a', long),
      ...result('b', long),
    ];
    const fitted = fitContext({ messages, tools: [], windowTokens: 4_096, factor: 1 });
    expect(fitted).toMatchObject({ leftOutTurns: 1, shortenedResults: 1 });
    expect(fitted.messages[0]).toEqual(user('Go.'));
    expect(fitted.messages[2]?.content).toMatch(
      /^HEADx+\n\[\.\.\. 14608 characters left out: the context is full \.\.\.\]\nx+TAIL$/,
    );
    expect(fitted.messages[4]?.content).toBe(long);
  });

  test('is refused when the user’s own words do not fit', () => {
    const messages = [user('x'.repeat(20_000))];
    expect(() => fitContext({ messages, tools: [tool('add')], windowTokens: 4_096, factor: 1 })).toThrow(
      /with the instructions and 1 tools, needs about \d+ tokens; the model takes 4096.*OLLAMA_NUM_CTX/,
    );
  });
});

describe('an estimate of tokens', () => {
  // What the vocabularies of GPT-4o (o200k) and GPT-4 (cl100k) make of these; other models lie about there, too.
  const texts: [string, string, number, number][] = [
    ['English', 'The quick brown fox jumps over the lazy dog. '.repeat(20), 201, 201],
    ['JSON', JSON.stringify({ name: 'add', arguments: { a: 1, b: [2, 3] } }), 18, 18],
    ['digits', '3.14159265358979 '.repeat(30), 240, 240],
    ['German', 'Grüße aus München, wie ist das Wetter? '.repeat(10), 93, 112],
    ['Chinese', '今天天气怎么样'.repeat(10), 40, 90],
    ['Japanese', '今日の天気はどうですか。明日は雨が降るでしょう。'.repeat(5), 85, 130],
    ['Korean', '오늘 날씨가 어때요? '.repeat(10), 81, 151],
    ['Russian', 'Какая сегодня погода? '.repeat(10), 61, 111],
    ['Arabic', 'كيف حال الطقس اليوم؟ '.repeat(10), 61, 151],
    ['emoji', '🌍'.repeat(10), 20, 30],
  ];
  test.each(texts)('is of the right size for %s', (_name, text, low, high) => {
    expect(estimateTokens(text)).toBeGreaterThanOrEqual(low * 0.95);
    expect(estimateTokens(text)).toBeLessThanOrEqual(high * 1.3);
  });

  test('follows the counts of a model, within bounds', () => {
    const calibration = createCalibration();
    for (let i = 0; i < 30; i += 1) calibration.learn(1_000, 1_500);
    expect(calibration.factor).toBeCloseTo(1.5, 2);
    for (let i = 0; i < 30; i += 1) calibration.learn(1_000, 1e9);
    expect(calibration.factor).toBe(4);
  });

  test('ignores counts that leave out cached or cut tokens, and counts of short requests', () => {
    const calibration = createCalibration();
    calibration.learn(15_750, 2_051);
    calibration.learn(1_000, 0);
    calibration.learn(20, 40);
    expect(calibration.factor).toBe(1);
  });
});
