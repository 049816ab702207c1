import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { fc } from '@toolmesh/shared/test-kit/property';
import { encodeJson } from '../../src/encoders/json.ts';
import type { Message, ModelEvent } from '../../src/models/model.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { adaptModel } from '../../src/models/decorators/adapted-model.ts';
import { callTool, identity, result, run, start } from './run-script.ts';
import { call, finish, say, scriptedModel } from './scripted-model.ts';

async function eventsOf(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  return Array.fromAsync(events);
}

/** Asserts the rule of providers: every call of an answer is answered, in order, before any other message. */
function expectValidHistory(messages: readonly Message[]): void {
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    const ids = (message.toolCalls ?? []).map(({ id }) => id);
    const answers = messages.slice(index + 1, index + 1 + ids.length);
    expect(answers.map((answer) => (answer.role === 'tool' ? answer.callId : answer.role))).toEqual(ids);
  }
  const answered = messages.flatMap((message) => (message.role === 'tool' ? [message.callId] : []));
  expect(new Set(answered).size).toBe(answered.length);
}

/** Asserts the invariants of every run. */
function expectWhole(events: readonly RunEvent[]): void {
  expect(events.filter(({ type }) => type === 'finish')).toHaveLength(1);
  expect(events.at(-1)?.type).toBe('finish');
  const called = events.flatMap((event) => (event.type === 'tool_call' ? [event.id] : []));
  const ended = events.flatMap((event) => (event.type === 'tool_result' ? [event.call.id] : []));
  expect(ended.toSorted()).toEqual(called.toSorted());
  const begun = events.flatMap((event) => (event.type === 'tool_input_start' ? [event.id] : []));
  const failed = events.flatMap((event) => (event.type === 'tool_input_error' ? [event.id] : []));
  for (const id of begun) expect([...called, ...failed]).toContain(id);
}

const announced = (id: string, text: string): ModelEvent[] => [
  { type: 'tool_input_start', id, name: 'add' },
  { type: 'tool_input_delta', id, text },
];
const same = call('add', { n: 1 });
const done = [say('Done.'), finish()];
const broke = new MeshError('upstream_failed', 'the connection broke');

async function* breaking(...events: ModelEvent[]): AsyncGenerator<ModelEvent> {
  yield* events;
  throw broke;
}

describe('whatever a model or a tool does, a run is whole and its history valid', () => {
  const faults: [string, Parameters<typeof run>, object][] = [
    ['no id', [[[call('add', {}, ''), finish()], done]], { finish_reason: 'stop', tool_calls: [{ status: 'ok' }] }],
    [
      'an id of a thousand characters',
      [[[call('add', {}, 'x'.repeat(1_000)), finish()], done]],
      { tool_calls: [{ status: 'ok' }] },
    ],
    [
      'an id for three calls',
      [[[call('add', { n: 1 }, 'a'), call('add', { n: 2 }, 'a'), call('add', { n: 3 }, 'a'), finish()], done]],
      { tool_calls: [{}, {}, {}] },
    ],
    ['arguments that are a list', [[[call('add', '[1]'), finish()], done]], { tool_calls: [{ status: 'error' }] }],
    ['arguments cut off', [[[call('add', '{"n":"x'), finish()], done]], { tool_calls: [{ status: 'error' }] }],
    [
      'a length limit within arguments',
      [[[...announced('a', '{"n":'), finish('length')]]],
      { finish_reason: 'length', tool_calls: [] },
    ],
    [
      'a call that never comes',
      [[[...announced('a', '{"n":'), say('Hm.'), finish()]]],
      { finish_reason: 'stop', response: 'Hm.' },
    ],
    ['a break in the middle of a word', [[() => breaking(say('Hal'))]], { message: 'the connection broke' }],
    [
      'a break in the middle of arguments',
      [[() => breaking(...announced('a', '{"n":'))]],
      { message: 'the connection broke' },
    ],
    [
      'a break after tools have run',
      [[[same, finish()], () => breaking(say('I'))]],
      { finish_reason: 'error', tool_calls: [{ status: 'ok' }] },
    ],
    ['nothing said at all', [[[finish()]]], { finish_reason: 'stop', response: '' }],
    ['a tool that there is not', [[[call('nothing', {}), finish()], done]], { tool_calls: [{ status: 'error' }] }],
    [
      'twenty calls at once',
      [[[...Array.from({ length: 20 }, (_, n) => call('add', { n }, `c${n}`)), finish()], done]],
      { tool_calls: Array.from({ length: 20 }, () => ({ status: 'ok' })) },
    ],
    [
      'a result of 10 MB',
      [[[same, finish()], done], { callTool: async () => result('add', 'x'.repeat(10 * 1_024 ** 2)) }],
      { tool_calls: [{ status: 'ok', truncated: true }] },
    ],
    [
      'a tool that throws what is no error',
      [[[same, finish()], done], { callTool: () => Promise.reject('text') }],
      { tool_calls: [{ status: 'error' }] },
    ],
  ];
  test.each(faults)('%s', async (_name, given, expected) => {
    const { events, requests } = start(...given);
    const seen = await eventsOf(events);
    expectWhole(seen);
    for (const { messages } of requests) expectValidHistory(messages);
    const answer = encodeJson(replay(seen), identity);
    const outcome = await answer.catch((error: unknown) => ({ message: MeshError.from(error).message }));
    expect(outcome).toMatchObject(expected);
  });

  test('it ends within its bounds, for any model', async () => {
    const said = fc.oneof(
      fc.string().map((text): ModelEvent => ({ type: 'text', text })),
      fc
        .record({
          name: fc.constantFrom('add', 'fail', 'none'),
          n: fc.integer({ min: 0, max: 2 }),
          id: fc.constantFrom('', 'a', 'b'),
        })
        .map(({ name, n, id }) => call(name, { n }, id)),
      fc.constantFrom(...announced('a', '{')),
      fc.constant<ModelEvent>({ type: 'usage', inputTokens: 50, outputTokens: 50 }),
    );
    const answers = fc.array(fc.array(said, { maxLength: 8 }), { minLength: 20, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(answers, async (script) => {
        let ran = 0;
        const counting: typeof callTool = (...args) => {
          ran += 1;
          return callTool(...args);
        };
        const limits = { maxSteps: 6, maxToolCalls: 9, maxTokens: 1_000 };
        const { events, requests } = start(
          script.map((answer) => [...answer, finish()]),
          { callTool: counting, limits },
        );
        expectWhole(await eventsOf(events));
        for (const { messages } of requests) expectValidHistory(messages);
        expect(requests.length).toBeLessThanOrEqual(7);
        expect(ran).toBeLessThanOrEqual(9);
      }),
      { numRuns: 100 },
    );
  });
});

async function* replay(events: readonly RunEvent[]): AsyncGenerator<RunEvent> {
  yield* events;
}

describe('the bounds of a run', () => {
  test('the third identical call in a row is not run, and the model is told', async () => {
    const ran: unknown[] = [];
    const { answer, requests } = run(
      [[same, finish()], [call('add', '{ "n": 1 }'), finish()], [same, finish()], done],
      {
        callTool: (name, args, context) => {
          ran.push(args);
          return callTool(name, args, context);
        },
      },
    );
    expect((await answer).tool_calls.map(({ status }) => status)).toEqual(['ok', 'ok', 'skipped']);
    expect(ran).toHaveLength(2);
    expect(requests[3]?.messages.at(-1)?.content).toMatch(/twice with exactly these arguments and was not run again/);
  });

  test('a model that repeats itself even then has to answer', async () => {
    const again = [same, finish()];
    const { answer, requests } = run([again, again, again, again, [say('Fine.'), finish()]], {
      limits: { maxSteps: 50 },
    });
    expect(await answer).toMatchObject({ finish_reason: 'budget', response: 'Fine.' });
    expect(requests.at(-1)?.tools).toEqual([]);
  });

  test('another call in between starts the count anew', async () => {
    const other = call('add', { n: 2 });
    const { answer } = run([[same, same, finish()], [other, same, same, finish()], done]);
    expect((await answer).tool_calls.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'ok'));
  });

  test('tokens that are used up lead to a last answer, with a notice', async () => {
    const costly: ModelEvent = { type: 'usage', inputTokens: 90, outputTokens: 20 };
    const { events } = start(
      [
        [same, costly, finish()],
        [say('Short.'), finish()],
      ],
      { limits: { maxTokens: 100 } },
    );
    const seen = await eventsOf(events);
    expect(seen).toContainEqual({ type: 'notice', code: 'budget', message: 'The 100 tokens for one chat are used up' });
    expect(seen.at(-1)).toEqual({ type: 'finish', reason: 'budget' });
  });
});

describe('what a model is given', () => {
  test('images of a result as images, and every other item as text', async () => {
    const content = [
      { type: 'text', text: 'a plot' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'inside' } },
      { type: 'resource_link', uri: 'file:///b', name: 'b' },
      { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
    ];
    const { answer, requests } = run([[same, finish()], done], {
      callTool: async () => ({ ...result('add', ''), content }),
    });
    await answer;
    expect(requests[1]?.messages.at(-1)).toMatchObject({
      content: 'a plot\n[image image/png]\n[resource file:///a]\ninside\n[link b file:///b]\n[audio audio/wav]',
      images: [{ mimeType: 'image/png', data: 'AAAA' }],
    });
  });

  test('a tool whose schema a provider would refuse is left out alone, with a notice', async () => {
    const tool = (name: string, input_schema: object) => ({
      name,
      description: '',
      input_schema: { ...input_schema },
      annotations: {},
    });
    const { events, requests } = start([done], {
      tools: [
        tool('good', { type: 'object', properties: { list: { type: 'array' } } }),
        tool('bare', {}),
        tool('any of', {
          anyOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: { type: 'string' } } }],
        }),
        tool('list', { type: 'array' }),
        tool('far', { type: 'object', properties: { a: { $ref: 'https://example.com/schema.json' } } }),
      ],
    });
    const notices = (await eventsOf(events)).filter(({ type }) => type === 'notice');
    expect(notices).toMatchObject([
      {
        code: 'tool_disabled',
        message: expect.stringContaining('list cannot be used: its arguments are not an object'),
      },
      {
        code: 'tool_disabled',
        message: expect.stringContaining('far cannot be used: its schema refers to another document'),
      },
    ]);
    expect(requests[0]?.tools.map(({ name, input_schema }) => [name, input_schema])).toMatchObject([
      ['good', { type: 'object', properties: { list: { type: 'array', items: {} } } }],
      ['bare', { type: 'object', properties: {} }],
      ['any of', { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } }],
    ]);
  });
});

describe('a tool whose name providers refuse', () => {
  const long = 'x'.repeat(80);
  const odd = ['fs.read/all', 'fs.read_all', long].map((name) => ({
    name,
    description: '',
    input_schema: { type: 'object' },
    annotations: {},
  }));

  test('is offered under another, is called by its own, and stays the same in the history', async () => {
    const { model, requests } = scriptedModel([
      ({ tools: offered }) => Readable.from([...offered.map(({ name }, n) => call(name, { n }, `c${n}`)), finish()]),
      done,
    ]);
    const { events } = start([], { model: adaptModel(model, 'b'), tools: odd });
    const seen = await eventsOf(events);
    const called = seen.flatMap((event) => (event.type === 'tool_call' ? [event.name] : []));
    expect(called).toEqual(odd.map(({ name }) => name));
    const names = requests[0]?.tools.map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    const [asked] = requests[1]?.messages.filter(({ role }) => role === 'assistant') ?? [];
    expect(asked).toMatchObject({ toolCalls: names.map((name) => ({ name })) });
  });
});

describe('while a call runs', () => {
  test('its progress and output are passed on as they come to a caller that wants them', async () => {
    const wanted: boolean[] = [];
    const { events } = start([[same, finish()], done], {
      wantsProgress: true,
      callTool: async (name, args, context) => {
        wanted.push(context.wantsProgress);
        context.progress({ progress: 1, total: 2 });
        context.chunk({ stream: 'stdout', text: 'a' });
        context.chunk('b');
        return callTool(name, args, context);
      },
    });
    const types = (await eventsOf(events)).map(({ type }) => type);
    expect(types.slice(1, 6)).toEqual(['tool_call', 'tool_progress', 'tool_output', 'tool_output', 'tool_result']);
    expect(wanted).toEqual([true]);
  });

  test('output does not pile up for a slow reader', async () => {
    const { events } = start([[same, finish()], done], {
      wantsProgress: true,
      callTool: async (name, args, context) => {
        for (let n = 0; n < 20_000; n += 1)
          context.chunk({ stream: n % 2 === 0 ? 'stdout' : 'stderr', text: 'x'.repeat(100) });
        for (let n = 0; n < 20_000; n += 1) context.chunk({ stream: 'stdout', text: 'x'.repeat(100) });
        return callTool(name, args, context);
      },
    });
    const seen = await eventsOf(events);
    const output = seen.flatMap((event) => (event.type === 'tool_output' ? [event.text.length] : []));
    expect(output.length).toBeLessThanOrEqual(300);
    expect(output.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000);
    expect(seen.filter(({ type }) => type === 'tool_result')).toHaveLength(1);
  });
});
