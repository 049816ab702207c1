import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type ChatWithProvider, startChatWithProvider } from '../fakes/chat-with-provider.ts';
import { type Behaviour, half, hangUp, json, silence, text } from '../fakes/fake-provider.ts';

/** Lines of an answer, as `/api/chat` streams them. */
const lines =
  (...messages: object[]): Behaviour =>
  (res) => {
    res.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const message of messages)
      res.write(`${JSON.stringify({ model: 'small', created_at: 'now', done: false, message })}\n`);
    const last = {
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 7,
      eval_count: 3,
      message: { role: 'assistant', content: '' },
    };
    res.end(`${JSON.stringify({ model: 'small', created_at: 'now', ...last })}\n`);
  };
const said = (content: string) => ({ role: 'assistant', content });
const called = (...tool_calls: object[]) => ({ role: 'assistant', content: '', tool_calls });
const tags = json({ models: [{ name: 'small:latest' }] });

let setting: ChatWithProvider;
let provider: ChatWithProvider['provider'];
let middleware: ChatWithProvider['middleware'];
let chat: ChatWithProvider['chat'];
beforeAll(async () => {
  setting = await startChatWithProvider([tags], (url) => ({
    OLLAMA_HOST: url,
    OLLAMA_MODEL: 'small',
    OLLAMA_NUM_CTX: '4096',
  }));
  ({ provider, middleware, chat } = setting);
});
afterAll(() => setting.stop());

beforeEach(async () => {
  // A provider that fails in every test would be given a rest by its breaker, as it should.
  provider.play(lines(said('well')));
  await chat({ message: 'How are you?' });
  provider.play(tags);
});

describe('a chat with Ollama', () => {
  test('is what auto chooses when there is no key and an Ollama answers', async () => {
    expect((await request(`${middleware.url}/health`)).body.services.llm).toMatchObject({
      provider: 'ollama',
      status: 'healthy',
    });
  });

  test('sends the context size and offers the tools', async () => {
    provider.play(lines(said('Hel'), said('lo')));
    const { body } = await chat({ message: 'hi' });
    expect(body).toMatchObject({
      response: 'Hello',
      provider: 'ollama',
      model: 'small',
      usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
    });
    expect(provider.requests[0]).toMatchObject({
      path: '/api/chat',
      body: {
        model: 'small',
        stream: true,
        options: { num_ctx: 4096 },
        tools: [{ type: 'function', function: { name: 'add' } }],
      },
    });
  });

  const shapes: [string, Behaviour][] = [
    [
      'with an id and an object',
      lines(called({ id: 'x', function: { index: 0, name: 'add', arguments: { a: 1, b: 2 } } })),
    ],
    ['without an id', lines(called({ function: { name: 'add', arguments: { a: 1, b: 2 } } }))],
    ['with arguments as text', lines(called({ function: { name: 'add', arguments: '{"a":1,"b":2}' } }))],
    [
      'as one object instead of lines',
      json({
        model: 'small',
        done: true,
        done_reason: 'stop',
        message: called({ function: { name: 'add', arguments: { a: 1, b: 2 } } }),
      }),
    ],
  ];
  test.each(shapes)('takes a tool call %s', async (_name, answer) => {
    provider.play(answer, lines(said('Three.')));
    const { body } = await chat({ message: 'add' });
    expect(body).toMatchObject({
      response: 'Three.',
      tool_calls: [
        {
          id: expect.any(String),
          name: 'add',
          arguments: { a: 1, b: 2 },
          status: 'ok',
          result: { structured_content: { sum: 3 } },
        },
      ],
    });
    expect(provider.requests[1]?.body.messages.slice(2)).toEqual([
      { role: 'assistant', content: '', tool_calls: [{ function: { name: 'add', arguments: { a: 1, b: 2 } } }] },
      { role: 'tool', tool_name: 'add', content: expect.stringContaining('{"sum":3}') },
    ]);
  });

  test('takes calls that come in several lines', async () => {
    const one = (a: number) => called({ function: { name: 'add', arguments: { a, b: 0 } } });
    provider.play(lines(said('I add.'), one(1), one(2)), lines(said('Done.')));
    const { body } = await chat({ message: 'add' });
    expect(body.tool_calls.map(({ arguments: args }: { arguments: object }) => args)).toEqual([
      { a: 1, b: 0 },
      { a: 2, b: 0 },
    ]);
    expect(new Set(body.tool_calls.map(({ id }: { id: string }) => id)).size).toBe(2);
  });

  test('goes on without tools with a model that has none', async () => {
    provider.play(
      json({ error: 'registry.ollama.ai/library/small does not support tools' }, 400),
      lines(said('Just words.')),
    );
    expect((await chat({ message: 'hi' })).body.response).toBe('Just words.');
    expect(provider.requests.map(({ body }) => 'tools' in body)).toEqual([true, false]);
  });

  const faults: [string, Behaviour, number, string, RegExp][] = [
    ['answers 401', json({ error: 'unauthorized' }, 401), 1, 'upstream_failed', /answered 401: unauthorized/],
    [
      'has no such model',
      json({ error: 'model "small" not found' }, 404),
      1,
      'upstream_failed',
      /answered 404: model "small" not found/,
    ],
    ['answers 500', json({ error: 'out of memory' }, 500), 3, 'upstream_failed', /answered 500: out of memory/],
    ['answers 429', json({ error: 'busy' }, 429, { 'retry-after': '0' }), 3, 'rate_limited', /answered 429/],
    ['sends garbage', text('<html>'), 3, 'upstream_failed', /cannot be understood/],
    [
      'sends half a line',
      half('{"model":"small","mess', 'application/x-ndjson'),
      3,
      'upstream_failed',
      /connection|understood/,
    ],
    ['sends nothing', text(''), 3, 'upstream_failed', /before it was complete/],
    [
      'says an error in the middle',
      text('{"error":"an error was encountered"}\n'),
      3,
      'upstream_failed',
      /failed: an error was encountered/,
    ],
    ['hangs up', hangUp, 3, 'upstream_failed', /dropped the connection/],
    ['is silent', silence, 3, 'upstream_timeout', /did not answer within 600 ms/],
  ];
  test.each(faults)(
    'is tried within bounds when the server %s, and then says so',
    async (_name, fault, tries, code, message) => {
      provider.play(fault);
      const started = performance.now();
      const { body } = await chat({ message: 'x' });
      expect(body.error.code).toBe(code);
      expect(body.error.message).toMatch(message);
      expect(provider.requests).toHaveLength(tries);
      expect(performance.now() - started).toBeLessThan(15_000);
    },
  );

  test('aborts the request before its first byte when the caller leaves', async () => {
    provider.play(silence);
    const gone = new AbortController();
    const left = post(`${middleware.url}/chat`, { message: 'x' }, { signal: gone.signal }).catch(String);
    await until(() => provider.requests.length > 0);
    gone.abort();
    expect(await left).toContain('abort');
    await until(() => provider.closed.length > 0);
    expect(provider.requests).toHaveLength(1);
  });

  test('prints nothing but its log', async () => {
    provider.play(text('not JSON', 500));
    await chat({ message: 'x' });
    // startService parses each line of standard output: a foreign one would have ended this process.
    expect(middleware.log.length).toBeGreaterThan(0);
  });
});
