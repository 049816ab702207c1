import { describe, expect, test } from '@jest/globals';
import { nextAnnouncement } from '../../src/answer/next-announcement.ts';
import { readSession } from '../../src/answer/read-session.ts';
import { toMessages } from '../../src/answer/to-messages.ts';
import { readToolOutput } from '../../src/answer/tool-output.ts';
import { type Answer, newAnswer, newCall } from '../../src/answer/turn.ts';
import { ApiError, errorOf, explain } from '../../src/api/failures.ts';
import { readEvents } from '../../src/api/read-events.ts';
import { fieldsOf, readForm } from '../../src/tools/schema-form.ts';
import { revealHidden } from '../../src/tools/reveal-hidden.ts';
import { ago, bytes, count, duration } from '../../src/views/parts/amounts.ts';
import { executed } from '../results.ts';

/** A body that arrives in the given pieces. */
const bodyOf = (...pieces: readonly Uint8Array<ArrayBuffer>[]) =>
  new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });

describe('an event stream', () => {
  test('is read wherever it is cut, in a character too', async () => {
    const bytesOfAll = new TextEncoder().encode(
      ': ping\n\ndata: {"a":"ä€😀"}\r\n\r\nevent: x\ndata: not json\n\ndata: 2\n\ndata: [DONE]\n\ndata: {"never":1}\n\n',
    );
    for (let cut = 1; cut < bytesOfAll.length; cut += 7) {
      const events: unknown[] = [];
      for await (const event of readEvents(bodyOf(bytesOfAll.slice(0, cut), bytesOfAll.slice(cut)))) events.push(event);
      expect(events).toEqual([{ a: 'ä€😀' }, 2]);
    }
  });

  test('may end without its last words', async () => {
    const events: unknown[] = [];
    for await (const event of readEvents(bodyOf(new TextEncoder().encode('data: 1\n\ndata: {"half":'))))
      events.push(event);
    expect(events).toEqual([1]);
  });
});

describe('a kept conversation', () => {
  test('has one answer per question, however many messages that took', () => {
    const turns = readSession(
      {
        messages: [
          { role: 'system', content: 'hidden' },
          { role: 'user', content: [{ type: 'text', text: 'Run it' }] },
          { role: 'assistant', content: 'I will.', tool_calls: [{ id: 'c1', name: 'run', arguments: { x: 1 } }] },
          { role: 'tool', tool_call_id: 'c1', content: 'ran' },
          { role: 'assistant', content: 'It ran.', usage: { total_tokens: 5 }, finish_reason: 'stop' },
          { role: 'user', content: 'Thanks' },
          'not a message',
        ],
      },
      [],
    );
    expect(turns).toMatchObject([
      { role: 'user', text: 'Run it' },
      {
        role: 'assistant',
        status: 'done',
        usage: { totalTokens: 5 },
        parts: [
          { type: 'text', text: 'I will.' },
          { type: 'call', name: 'run', state: 'ok', output: 'ran' },
          { type: 'text', text: 'It ran.' },
        ],
      },
      { role: 'user', text: 'Thanks' },
    ]);
  });

  test('tells how each call ended, and which still waits', () => {
    const call = (id: string, fields: object) => ({ id, name: 'run', arguments: {}, ...fields });
    const [answer] = readSession(
      {
        messages: [
          {
            role: 'assistant',
            content: 'Done.',
            tool_calls: [
              call('c1', { status: 'ok', result: {}, duration_ms: 7 }),
              call('c2', { status: 'timeout', result: null }),
              call('c3', {}),
              call('c4', { status: 'pending' }),
            ],
          },
        ],
        approvals: [{ id: 'ap', call_id: 'c4', name: 'run', arguments: { y: 2 } }],
      },
      [],
    );
    expect(answer).toMatchObject({
      parts: [
        { state: 'ok', tookMs: 7 },
        { state: 'timeout' },
        { state: 'stopped' },
        { state: 'waiting', approval: { id: 'ap', arguments: { y: 2 } } },
        { type: 'text', text: 'Done.' },
      ],
    });
  });

  test('of UI messages has its parts in their order', () => {
    const tool = (id: string, fields: object) => ({
      type: 'dynamic-tool',
      toolCallId: id,
      toolName: 'run',
      input: { id },
      ...fields,
    });
    const [question, answer] = readSession(
      {
        messages: [
          { id: 'm1', role: 'user', content: 'Go', parts: [{ type: 'text', text: 'Go' }] },
          {
            id: 'm2',
            role: 'assistant',
            content: 'First.\n\nThen.',
            parts: [
              { type: 'step-start' },
              { type: 'reasoning', text: 'hm' },
              { type: 'text', text: 'First.' },
              tool('c1', { state: 'output-available', output: {}, toolMetadata: { status: 'ok', duration_ms: 7 } }),
              tool('c2', { state: 'output-error', errorText: 'no', toolMetadata: { status: 'timeout' } }),
              tool('c3', { state: 'output-denied' }),
              tool('c4', { state: 'approval-requested', approval: { id: 'ap' } }),
              tool('c5', { state: 'output-error', errorText: 'The call was not run' }),
              { type: 'step-start' },
              { type: 'text', text: 'Then.' },
              { type: 'from-the-future' },
            ],
            finish_reason: 'aborted',
            duration_ms: 900,
          },
        ],
        approvals: [{ id: 'ap', call_id: 'c4', name: 'run', arguments: { id: 'c4' } }],
      },
      [],
    );
    expect(question).toMatchObject({ role: 'user', text: 'Go' });
    expect(answer).toMatchObject({
      status: 'stopped',
      endedAt: 900,
      parts: [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'First.' },
        { callId: 'c1', state: 'ok', tookMs: 7 },
        { callId: 'c2', state: 'timeout', errorText: 'no' },
        { callId: 'c3', state: 'denied' },
        { callId: 'c4', state: 'waiting', approval: { id: 'ap' } },
        { callId: 'c5', state: 'stopped' },
        { type: 'text', text: 'Then.' },
      ],
    });
  });

  test('that is sent back to be answered anew is made smaller where it has to be, the oldest first', () => {
    const output = (mark: string) => ({
      tool: 'run',
      is_error: false,
      content: [
        { type: 'text', text: mark.repeat(5_000) },
        { type: 'image', data: 'QUJD', mimeType: 'image/png' },
      ],
      structured_content: { stdout: mark.repeat(5_000) },
      duration_ms: 1,
    });
    const answer = (id: string): Answer => ({
      ...newAnswer(id, 0),
      parts: [{ ...newCall(id, 'run', 0), state: 'ok', input: {}, output: output(id) }],
    });
    const turns = [answer('a'), { role: 'user' as const, id: 'q', text: 'Next' }, answer('b')];
    const sent = (maxChars: number) => JSON.stringify(toMessages(turns, maxChars));
    expect(sent(100_000)).toContain('"stdout":"aaaa');
    expect(sent(15_000)).not.toContain('"stdout":"aaaa');
    expect(sent(15_000)).toContain(`"text":"${'a'.repeat(2_000)}"}`);
    expect(sent(15_000)).toContain('"stdout":"bbbb');
    expect(sent(1_000)).not.toContain('stdout');
    expect(toMessages([newAnswer('empty', 0), { role: 'user', id: 'q', text: 'Hi' }])).toEqual([
      { role: 'user', content: 'Hi' },
    ]);
  });

  test.each([undefined, null, [], 'x', { messages: 'x' }, { messages: [{}, null] }])('that is %j is empty', (body) => {
    expect(readSession(body, [])).toEqual([]);
  });
});

describe('what a tool gave', () => {
  test('of a run of code is its output, its value, its error, its pictures and its files', () => {
    const png = { path: 'a.png', mime_type: 'image/png', size_bytes: 3, data: 'QUJD' };
    const csv = { path: 'b.csv', mime_type: 'text/csv', size_bytes: 3, data: 'QUJD' };
    const fake = { path: 'c.png', mime_type: 'image/png', size_bytes: 3, data: '"><script>' };
    const output = readToolOutput(
      executed({ stdout: 'out\n', stderr: 'err\n', result: '3', artifacts: [png, csv, fake], exit_code: 2 }),
    );
    expect(output.texts).toEqual([
      { label: 'Output', text: 'out\n', tone: 'plain' },
      { label: 'Standard error', text: 'err\n', tone: 'error' },
      { label: 'Value', text: '3', tone: 'plain' },
    ]);
    expect(output.images.map(({ src }) => src)).toEqual(['data:image/png;base64,QUJD']);
    expect(output.files.map(({ path }) => path)).toEqual(['b.csv', 'c.png']);
    expect(output.facts).toEqual(['exit code 2', 'python 3.11.2', 'namespaces', '48 MiB']);
  });

  test('of any other tool is its content, JSON on several lines', () => {
    const content = [
      { type: 'text', text: '{"a":1}' },
      { type: 'resource_link', uri: 'x:y' },
    ];
    expect(readToolOutput({ is_error: false, content }).texts.map(({ text }) => text)).toEqual([
      '{\n  "a": 1\n}',
      '{\n  "type": "resource_link",\n  "uri": "x:y"\n}',
    ]);
    expect(readToolOutput({ is_error: true, content: [{ type: 'text', text: 'no' }] }).texts).toEqual([
      { label: 'Error', text: 'no', tone: 'error' },
    ]);
  });

  test.each([
    ['text', 'text'],
    [{ free: 1 }, '{\n  "free": 1\n}'],
    [7, '7'],
  ])('that has no known form (%j) is shown as it is', (value, text) => {
    expect(readToolOutput(value).texts).toMatchObject([{ text }]);
  });
});

const SCHEMA = {
  type: 'object',
  required: ['code', 'count'],
  properties: {
    note: { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'Free' },
    code: { type: 'string' },
    count: { type: 'integer', minimum: 1, maximum: 9 },
    ratio: { type: 'number', default: 0.5 },
    fast: { type: ['boolean', 'null'] },
    mode: { enum: ['a', 'b'], default: 'a' },
    names: { type: 'array', items: { type: 'string' } },
    deep: { type: 'object' },
  },
};

describe('the form of a schema', () => {
  const fields = fieldsOf(SCHEMA);
  const all = { note: 'n', code: 'x', count: '3', fast: 'true', names: 'p\n\nq', deep: '{"k":[1]}' };

  test('asks for each argument in its way, for those that are needed first', () => {
    expect(fields.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toEqual([
      ['code', 'long-text', true],
      ['count', 'integer', true],
      ['note', 'text', false],
      ['ratio', 'number', false],
      ['fast', 'boolean', false],
      ['mode', 'choice', false],
      ['names', 'lines', false],
      ['deep', 'json', false],
    ]);
  });

  test('gives arguments of the right types, and leaves out what is empty', () => {
    expect(readForm(fields, all)).toEqual({
      arguments: {
        note: 'n',
        code: 'x',
        count: 3,
        ratio: 0.5,
        fast: true,
        mode: 'a',
        names: ['p', 'q'],
        deep: { k: [1] },
      },
    });
    expect(readForm(fields, { code: 'x', count: '3', ratio: '', mode: '' })).toEqual({
      arguments: { code: 'x', count: 3 },
    });
  });

  test.each([
    ['count', '', 'is required'],
    ['count', 'many', 'must be a number'],
    ['count', '1.5', 'must be a whole number'],
    ['count', '0', 'must be at least 1'],
    ['count', '10', 'must be at most 9'],
    ['mode', 'c', 'must be one of a, b'],
    ['deep', '{', 'must be JSON'],
  ])('says what is wrong with %s = %j', (name, value, problem) => {
    expect(readForm(fields, { ...all, [name]: value })).toEqual({ problems: { [name]: problem } });
  });

  test('of no schema at all is empty', () => {
    expect(readForm(fieldsOf({}), {})).toEqual({ arguments: {} });
  });
});

test('what must not hide is written out', () => {
  expect(revealHidden('rm\u200B -rf \u202E/\u2066x\r\n\ty\u0000 é 漢 😀')).toBe(
    'rm⟨U+200B⟩ -rf ⟨U+202E⟩/⟨U+2066⟩x⟨U+000D⟩\n\ty⟨U+0000⟩ é 漢 😀',
  );
});

describe('a failure', () => {
  test('is told in words, with the next step', async () => {
    const body = JSON.stringify({ error: { code: 'rate_limited', message: 'Too many chats' } });
    const limited = await errorOf(new Response(body, { status: 429, headers: { 'retry-after': '7' } }));
    expect(explain(limited)).toEqual({ title: 'Too many chats.', next: 'Wait 7 seconds, then try again.' });
    expect(explain(new TypeError('fetch failed')).title).toBe('The server cannot be reached.');
    expect(explain(new ApiError(503, 'unavailable', 'No model!'))).toMatchObject({ title: 'No model!' });
    expect(explain(await errorOf(new Response('<html>', { status: 502, statusText: 'Bad Gateway' })))).toEqual({
      title: 'The server answered 502 Bad Gateway.',
      next: 'Try again.',
    });
  });
});

describe('what is read out', () => {
  test('comes in whole sentences, the rest at the end, code by its name', () => {
    const text = 'One **two**. Three';
    const first = nextAnnouncement(text, 0, false);
    expect(first).toEqual({ text: 'One two.', upTo: 13 });
    expect(nextAnnouncement(text, first.upTo, false)).toEqual({ text: '', upTo: 13 });
    expect(nextAnnouncement(text, first.upTo, true)).toEqual({ text: 'Three', upTo: 18 });
    expect(nextAnnouncement('See:\n```js\nx.y();\n', 0, false).text).toBe('See:');
    expect(nextAnnouncement('See:\n```js\nx\n```\n', 0, false).text).toBe('See: Code block.');
  });
});

test('amounts are written as a reader wants them', () => {
  expect([0, 340, 2_449, 59_949, 65_000].map(duration)).toEqual(['0 ms', '340 ms', '2.4 s', '59.9 s', '1 min 05 s']);
  expect([12, 2_048, 20_480, 5 * 1_024 ** 2].map(bytes)).toEqual(['12 B', '2.0 KiB', '20 KiB', '5.0 MiB']);
  expect(count(1_234_567)).toBe('1,234,567');
  const hour = 3_600_000;
  expect([0, hour / 2, 3 * hour, 30 * hour, 80 * hour].map((age) => ago(0, age))).toEqual([
    'just now',
    '30 min ago',
    '3 h ago',
    'yesterday',
    '3 days ago',
  ]);
});
