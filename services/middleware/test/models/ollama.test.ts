import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '@toolmesh/shared/test-kit/waiting';
import type { ModelRequest } from '../../src/models/model.ts';
import { fakeOllama, type FakeModel } from '../fakes/fake-ollama.ts';
import { ask, letters, settings, announcedInput, tool, user, openModel } from './ask.ts';

const models: Record<string, FakeModel> = {};
let ollama: Awaited<ReturnType<typeof fakeOllama>>;
beforeAll(async () => {
  ollama = await fakeOllama(models);
});
afterAll(() => ollama.stop());
beforeEach(() => {
  for (const name of Object.keys(models)) delete models[name];
  ollama.chats.length = 0;
  ollama.probes.length = 0;
});

const ALL = ['completion', 'tools', 'thinking', 'vision'];
/** A model of a middleware that has just started, so that nothing is known of the server. */
const open = (env: Record<string, string> = {}) =>
  openModel(settings({ OLLAMA_HOST: ollama.url, OLLAMA_MODEL: 'm', OLLAMA_NUM_CTX: '8192', ...env }), 'ollama');
const answer = async (model: FakeModel, request: Partial<ModelRequest> = {}) => {
  models['m'] = { capabilities: ALL, ...model };
  return ask(await open(), request);
};
const called = (name: string, args: unknown, more: object = {}) => ({
  tool_calls: [{ ...more, function: { name, arguments: args } }],
});
const tools = [tool('add'), tool('now')];

describe('a streamed answer of Ollama', () => {
  test('keeps text and reasoning apart, and reports tokens', async () => {
    const reply = await answer({
      answer: [{ thinking: 'Hm' }, { thinking: 'm.' }, { content: 'Hel' }, { content: 'lo' }],
    });
    expect(reply.events).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'reasoning', text: 'm.' },
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo' },
      { type: 'usage', inputTokens: expect.any(Number), outputTokens: 4 },
      { type: 'finish', reason: 'stop' },
    ]);
  });

  test('separates reasoning that an old server leaves in the text', async () => {
    const content = letters('<think>Hmm.</think>\n\nYes.').map((letter) => ({ content: letter }));
    expect(await answer({ answer: content })).toMatchObject({ reasoning: 'Hmm.', text: 'Yes.' });
  });

  test('may hold several calls, over several lines, though it ends with "stop"', async () => {
    const lines = [
      { content: 'I do.', ...called('add', { n: 1 }, { id: 'call_1' }) },
      {
        tool_calls: [
          { function: { index: 0, name: 'add', arguments: '{"n":2}' } },
          { function: { name: 'now', arguments: {} } },
        ],
      },
    ];
    const reply = await answer({ answer: lines }, { tools });
    expect(reply.calls.map((call) => [call.name, call.arguments])).toEqual([
      ['add', { n: 1 }],
      ['add', '{"n":2}'],
      ['now', {}],
    ]);
    expect(new Set(reply.calls.map(({ id }) => id)).size).toBe(3);
    expect(reply.calls[0]?.id).toBe('call_1');
    for (const { id, name, arguments: args } of reply.calls) {
      expect(reply.events).toContainEqual({ type: 'tool_input_start', id, name });
      expect(announcedInput(reply.events, id)).toBe(typeof args === 'string' ? args : JSON.stringify(args));
    }
  });

  test('may be cut by the length limit', async () => {
    const { events } = await answer({ answer: [{ content: 'x' }], doneReason: 'length' });
    expect(events.at(-1)).toEqual({ type: 'finish', reason: 'length' });
  });

  test('is a call when a model prints one as text', async () => {
    const content = letters('{"name":"add","parameters":{"n":1}}').map((letter) => ({ content: letter }));
    expect(await answer({ answer: content }, { tools })).toMatchObject({
      text: '',
      calls: [{ name: 'add', arguments: { n: 1 } }],
    });
  });

  test('is an error when the server reports one in the middle', async () => {
    const reply = await answer({
      answer: [{ content: 'Hel' }, '{"error":"llama runner process has terminated"}\n'],
      ending: 'cut',
    });
    expect(reply).toMatchObject({
      text: 'Hel',
      error: { code: 'upstream_failed', message: expect.stringContaining('has terminated') },
    });
  });
});

describe('a request to Ollama', () => {
  test('sends the context size, but no more than the model was made for', async () => {
    await answer({ answer: [{ content: 'x' }] });
    await answer({ answer: [{ content: 'x' }], contextLength: 2_048 });
    expect(ollama.chats.map(({ options }) => options.num_ctx)).toEqual([8_192, 2_048]);
    expect(ollama.chats[0]).toMatchObject({ stream: true, truncate: false });
  });

  test('reads a model’s capabilities once, not for every chat', async () => {
    models['m'] = { capabilities: ALL, answer: [{ content: 'x' }] };
    const model = await open();
    for (let i = 0; i < 3; i += 1) await ask(model);
    expect(ollama.probes).toEqual(['m']);
    expect(ollama.chats).toHaveLength(3);
  });

  test('carries the sampling settings', async () => {
    const sampling = { temperature: 0, topP: 0.5, maxOutputTokens: 7, stop: ['END'], seed: 3 };
    await answer({ answer: [{ content: 'x' }] }, { sampling });
    const options = { num_ctx: 8_192, temperature: 0, top_p: 0.5, num_predict: 7, stop: ['END'], seed: 3 };
    expect(ollama.chats[0].options).toEqual(options);
  });

  const picture = { mimeType: 'image/png', data: 'AAAA' };
  const conversation = [
    { role: 'user' as const, content: 'Draw.', images: [picture] },
    {
      role: 'assistant' as const,
      content: '',
      reasoning: 'I draw.',
      toolCalls: [{ id: 'a', name: 'plot', arguments: '{"n":1}' }],
    },
    { role: 'tool' as const, callId: 'a', name: 'plot', content: 'drawn', images: [{ ...picture, data: 'BBBB' }] },
  ];
  test('carries reasoning, calls and results, and images for a vision model', async () => {
    await answer({ answer: [{ content: 'x' }] }, { messages: conversation });
    expect(ollama.chats[0].messages).toEqual([
      { role: 'user', content: 'Draw.', images: ['AAAA'] },
      {
        role: 'assistant',
        content: '',
        thinking: 'I draw.',
        tool_calls: [{ function: { name: 'plot', arguments: { n: 1 } } }],
      },
      { role: 'tool', tool_name: 'plot', content: 'drawn' },
      { role: 'user', content: expect.stringContaining('plot'), images: ['BBBB'] },
    ]);
  });

  test('describes images in words to a model without vision', async () => {
    await answer({ capabilities: ['completion', 'tools'], answer: [{ content: 'x' }] }, { messages: conversation });
    expect(ollama.chats[0]).not.toHaveProperty('think');
    expect(JSON.stringify(ollama.chats[0].messages)).not.toMatch(/AAAA|BBBB/);
    expect(ollama.chats[0].messages[0].content).toBe('Draw.\n[An image that this model cannot see]');
  });

  const prompted = {
    answer: [{ content: '<tool_call>\n{"name":"add","arg' }, { content: 'uments":{"n":1}}\n</tool_call>' }],
  };
  test('describes tools in words to a model that has none', async () => {
    const reply = await answer({ capabilities: ['completion'], ...prompted }, { tools });
    expect(reply).toMatchObject({ text: '', calls: [{ name: 'add', arguments: { n: 1 } }] });
    expect(ollama.chats).toHaveLength(1);
    expect(ollama.chats[0]).not.toHaveProperty('tools');
    expect(ollama.chats[0].messages[0]).toMatchObject({
      role: 'system',
      content: expect.stringContaining('"name":"add"'),
    });
  });

  test('learns from refusals what a model of an old server cannot do, and remembers it', async () => {
    models['m'] = { capabilities: ['completion'], isOld: true, ...prompted };
    const model = await open();
    expect(await ask(model, { tools })).toMatchObject({ text: '', calls: [{ name: 'add' }] });
    expect(ollama.chats.map((body) => 'tools' in body)).toEqual([true, false]);
    await ask(model, { tools });
    expect(ollama.chats).toHaveLength(3);
  });

  test('goes on without reasoning when the server refuses it', async () => {
    models['m'] = { capabilities: ALL, answer: [{ content: 'x' }] };
    const model = await open();
    await ask(model);
    models['m'] = { capabilities: ['completion'], answer: [{ content: 'y' }] };
    expect(await ask(model)).toMatchObject({ text: 'y' });
    expect(ollama.chats.map(({ think }) => think)).toEqual([true, true, undefined]);
  });

  test('is aborted before its first byte when the caller leaves', async () => {
    models['m'] = { capabilities: ALL, ending: 'silence' };
    const before = ollama.abandoned();
    const caller = new AbortController();
    const reply = ask(await open(), { signal: caller.signal });
    await until(() => ollama.chats.length === 1);
    caller.abort();
    expect(await reply).toMatchObject({ events: [], error: { name: 'AbortError' } });
    await until(() => ollama.abandoned() === before + 1);
  });

  test('is aborted when the reader stops early', async () => {
    models['m'] = { capabilities: ALL, answer: [{ content: 'x' }], ending: 'silence' };
    const before = ollama.abandoned();
    const { signal } = new AbortController();
    for await (const _event of (await open()).respond({ messages: [user('hi')], tools: [], signal })) break;
    await until(() => ollama.abandoned() > before);
    expect(ollama.abandoned()).toBe(before + 1);
  });
});

describe('a conversation that is too long for a model of Ollama', () => {
  const long = (words: number) => 'word '.repeat(words);
  const turns = (count: number) =>
    Array.from({ length: count }, (_, i) => [
      user(`${i} ${long(200)}`),
      { role: 'assistant' as const, content: `${i}` },
    ]).flat();

  test('loses its oldest turns, with a notice', async () => {
    const messages = [{ role: 'system' as const, content: 'Be kind.' }, ...turns(40), user('And now?')];
    const reply = await answer({ answer: [{ content: 'x' }], contextLength: 4_096 }, { messages });
    expect(reply).toMatchObject({ text: 'x', notices: ['context_trimmed'] });
    const sent = ollama.chats.at(-1).messages;
    expect(sent[0]).toEqual({ role: 'system', content: 'Be kind.' });
    expect(sent.at(-1)).toEqual({ role: 'user', content: 'And now?' });
    expect(sent[1].role).toBe('user');
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.length).toBeLessThan(messages.length);
  });

  test('is cut further when the server still finds it too long', async () => {
    models['m'] = { capabilities: ALL, contextLength: 2_048, answer: [{ content: 'x' }], tooLong: 2 };
    const reply = await ask(await open(), { messages: [...turns(6), user('And now?')] });
    expect(reply).toMatchObject({ text: 'x' });
    const lengths = ollama.chats.map((body) => body.messages.length);
    expect(lengths).toHaveLength(3);
    expect(lengths.at(-1)).toBeLessThan(lengths[0]);
  });

  test('is refused in clear words when its last message alone does not fit', async () => {
    const { error } = await answer({ contextLength: 2_048 }, { messages: [user(long(5_000))] });
    expect(error).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/needs about \d+ tokens; the model takes 2048/),
    });
    expect(ollama.chats).toHaveLength(0);
  });
});
