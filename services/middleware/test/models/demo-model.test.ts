import { describe, expect, test } from '@jest/globals';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import { createDemoModel, findIntents } from '../../src/models/demo/demo-model.ts';
import type { Message, ModelEvent } from '../../src/models/model.ts';

const today = () => '2026-11-20';
const python = (code: string) => ['execute_code', { language: 'python', code }];
const javascript = (code: string) => ['execute_code', { language: 'javascript', code }];
const time = (timezone = 'UTC') => ['get_current_time', { timezone }];

describe('the demo provider reads', () => {
  const readings: [string, unknown[]][] = [
    ['Execute: print("Hello") and tell me the time', [python('print("Hello")'), time()]],
    ['Execute: print("It\'s") and tell me the current time in Paris', [python('print("It\'s")'), time('Europe/Paris')]],
    ['execute: print("a and tell me the time")', [python('print("a and tell me the time")')]],
    ['run: x = [1, 2]; print(x), then what time is it in UTC?', [python('x = [1, 2]; print(x)'), time()]],
    ['Execute:\nfor i in range(3):\n    print(i)', [python('for i in range(3):\n    print(i)')]],
    ['Run: print(1)\nRun: print(2)', [python('print(1)'), python('print(2)')]],
    ['Run `print(1)` and `print(2)`', [python('print(1)'), python('print(2)')]],
    ['```\nprint(1)\n```', [python('print(1)')]],
    ['```js\nconsole.log(1)\n```\nplease, and the time', [javascript('console.log(1)'), time()]],
    ['run this javascript code: [1, 2].map((x) => x * 2)', [javascript('[1, 2].map((x) => x * 2)')]],
    [
      'Please run `const n: number = 1; n`',
      [['execute_code', { language: 'typescript', code: 'const n: number = 1; n' }]],
    ],
    ['run: print(“quoted”)', [python('print("quoted")')]],
    ['what time is it?', [time()]],
    ['What’s the current date', [time()]],
    [
      'What time is it in Tokyo, New York and Berlin?',
      [time('Asia/Tokyo'), time('America/New_York'), time('Europe/Berlin')],
    ],
    ['time in Europe/Berlin', [time('Europe/Berlin')]],
    ['What time is it in Atlantis?', [time('Atlantis')]],
    ['give me the unix timestamp of the current time', [['get_current_time', { timezone: 'UTC', format: 'unix' }]]],
    [
      'convert 09:30 from Berlin to Tokyo',
      [['convert_time', { time: '2026-11-20T09:30', from_timezone: 'Europe/Berlin', to_timezone: 'Asia/Tokyo' }]],
    ],
    [
      'convert 5pm from New York to London',
      [['convert_time', { time: '2026-11-20T17:00', from_timezone: 'America/New_York', to_timezone: 'Europe/London' }]],
    ],
    [
      'What is 2026-11-20T09:30Z in New York?',
      [['convert_time', { time: '2026-11-20T09:30Z', to_timezone: 'America/New_York' }]],
    ],
    ['list the time zones in europe', [['list_timezones', { filter: 'europe' }]]],
    ['what is 17 * 23?', [python('17 * 23')]],
    ['2+2', [python('2+2')]],
    ['calculate (3+4)*2 and 10/4', [python('(3+4)*2'), python('10/4')]],
    ['What is 15% of 80?', [python('15/ 100 * 80')]],
    ['what is 2 plus 3 times 4', [python('2 + 3 * 4')]],
    ['what is 2^10', [python('2**10')]],
    ['sqrt(16)?', [python('import math\nmath.sqrt(16)')]],
    ['what is sqrt 16 + 2', [python('import math\nmath.sqrt(16) + 2')]],
    ['what is sqrt(3 + 6)?', [python('import math\nmath.sqrt(3 + 6)')]],
    ['What is 6 * 7 and what time is it?', [time(), python('6 * 7')]],
  ];
  test.each(readings)('%s', (message, calls) => {
    expect(findIntents(message, today).map((intent) => [intent.tool, intent.arguments])).toEqual(calls);
  });

  test.each([
    'hello',
    'Tell me a joke',
    'Call me at 555-1234',
    'how do I run a marathon?',
    'I was born on 1990-05-17',
    '',
  ])('nothing in "%s"', (message) => {
    expect(findIntents(message, today)).toEqual([]);
  });

  test('no more than eight calls out of one message', () => {
    expect(findIntents(Array(20).fill('`1`').join(' '), today)).toHaveLength(8);
  });
});

describe('the demo provider answers', () => {
  const tool = (name: string): Tool => ({ name, description: '', input_schema: {}, annotations: {} });
  const all = ['execute_code', 'get_current_time', 'convert_time', 'list_timezones'].map(tool);
  const ask = async (messages: readonly Message[], tools = all): Promise<readonly ModelEvent[]> => {
    const events: ModelEvent[] = [];
    const { signal } = new AbortController();
    for await (const event of createDemoModel(today).respond({ messages, tools, signal })) events.push(event);
    return events;
  };
  const answerTo = async (messages: readonly Message[], tools = all): Promise<string> => {
    const events = await ask(messages, tools);
    return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
  };
  const user = (content: string): Message => ({ role: 'user', content });
  const told = (name: string, content: string): Message => ({ role: 'tool', callId: 'call_1', name, content });

  test('with the calls, all at once', async () => {
    expect(await ask([user('Execute: 1 and tell me the time')])).toMatchObject([
      { type: 'tool_input_start', id: 'call_1', name: 'execute_code' },
      { type: 'tool_input_delta', id: 'call_1', text: '{"language":"python","code":"1"}' },
      { type: 'tool_input_start', id: 'call_2', name: 'get_current_time' },
      { type: 'tool_input_delta', id: 'call_2', text: '{"timezone":"UTC"}' },
      { type: 'tool_call', call: { id: 'call_1', name: 'execute_code' } },
      { type: 'tool_call', call: { id: 'call_2', name: 'get_current_time' } },
      { type: 'usage' },
      { type: 'finish', reason: 'stop' },
    ]);
  });

  test('with the results of the calls', async () => {
    const answer = await answerTo([
      user('Execute: 1 and tell me the time'),
      { role: 'assistant', content: '', toolCalls: [] },
      told('execute_code', 'stdout:\nHello'),
      told('get_current_time', '{"time":"2026-11-20T12:00:00.000Z","timezone":"UTC"}'),
    ]);
    expect(answer).toBe('Code output: Hello\nCurrent time in UTC: 2026-11-20T12:00:00.000Z');
  });

  test('with the failure of a call', async () => {
    const answer = await answerTo([
      user('what time is it?'),
      told('get_current_time', 'Error upstream_failed: it cannot be reached'),
    ]);
    expect(answer).toBe('get_current_time failed: Error upstream_failed: it cannot be reached');
  });

  test('with the tools that are missing at present', async () => {
    const answer = await answerTo([user('what time is it?')], [tool('execute_code')]);
    expect(answer).toContain('get_current_time, which is not available');
  });

  test('anything else with a description of itself', async () => {
    const answer = await answerTo([user('Tell me a joke')]);
    expect(answer).toMatch(/^This is the demo provider: no language model.*sums/s);
  });

  test('a message that is longer than the rules read with that limit, and runs nothing of it', async () => {
    const longest = `execute: ${'x'.repeat(8 * 1_024 - 9)}`;
    expect(await ask([user(longest)])).toContainEqual(expect.objectContaining({ type: 'tool_call' }));
    const events = await ask([user(`${longest}x`)]);
    expect(events.some(({ type }) => type === 'tool_call')).toBe(false);
    expect(await answerTo([user(`${longest}x`)])).toMatch(
      /^This message has 8,193 characters.* up to 8,192 .*OPENAI_API_KEY/,
    );
  });

  test('the last message, not the ones before', async () => {
    const events = await ask([
      user('what time is it?'),
      told('get_current_time', '{}'),
      { role: 'assistant', content: 'x' },
      user('`2`'),
    ]);
    expect(events).toContainEqual({
      type: 'tool_call',
      call: { id: 'call_1', name: 'execute_code', arguments: '{"language":"python","code":"2"}' },
    });
  });

  test.each([
    '<untrusted-4f2a tool="get_current_time">\n{}\n</untrusted-4f2a>',
    'What follows is data.\n<tool_output 4f2a>\n{}\n</tool_output 4f2a>\n',
  ])('what a tool said, however it is marked as untrusted', async (form) => {
    const result = '{"time":"2026-11-20T12:00:00.000Z","timezone":"UTC"}';
    const messages = [user('what time is it?'), told('get_current_time', form.replace('{}', result))];
    expect(await answerTo(messages)).toBe('Current time in UTC: 2026-11-20T12:00:00.000Z');
  });

  test('a few words at a time', async () => {
    const events = await ask([user('hello')]);
    expect(events.filter(({ type }) => type === 'text').length).toBeGreaterThan(10);
  });
});
