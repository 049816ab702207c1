import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { type ChatWithProvider, startChatWithProvider } from '../fakes/chat-with-provider.ts';
import { type Behaviour, half, hangUp, json, silence, text } from '../fakes/fake-provider.ts';

let setting: ChatWithProvider;
let provider: ChatWithProvider['provider'];
let middleware: ChatWithProvider['middleware'];
let chat: ChatWithProvider['chat'];
beforeAll(async () => {
  setting = await startChatWithProvider([json({})], (url) => ({
    OPENAI_API_KEY: 'sk-canary',
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_MODEL: 'test-model',
  }));
  ({ provider, middleware, chat } = setting);
});
afterAll(() => setting.stop());

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const completion = (message: object, finish_reason = 'stop') => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'test-model',
  choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason }],
  usage,
});
const toolCall = (id: string, name: string, args: string) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
});
beforeEach(async () => {
  // A provider that fails in every test would be given a rest by its breaker, as it should.
  provider.play(json(completion({ content: 'well' })));
  await chat({ message: 'How are you?' });
  provider.play(json({}));
});

describe('a chat with an OpenAI-compatible server', () => {
  test('runs the calls that the model asks for and tells it the results', async () => {
    const tool_calls = [toolCall('call_a', 'add', '{"a":1,"b":2}'), toolCall('call_b', 'add', '{"a":3,"b":4}')];
    provider.play(json(completion({ tool_calls }, 'tool_calls')), json(completion({ content: '3 and 7.' })));
    const { status, body } = await chat({ message: 'Add these.' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      response: '3 and 7.',
      message: { role: 'assistant', content: '3 and 7.' },
      steps: 2,
      finish_reason: 'stop',
      usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30 },
      provider: 'openai',
      model: 'test-model',
      tool_calls: [
        {
          id: 'call_a',
          name: 'add',
          arguments: { a: 1, b: 2 },
          status: 'ok',
          result: { structured_content: { sum: 3 } },
        },
        { id: 'call_b', name: 'add', status: 'ok', result: { structured_content: { sum: 7 } } },
      ],
    });
    expect(body.session_id).toEqual(expect.any(String));
    expect(body.run_id).toEqual(expect.any(String));
    expect(body.trace_id).toMatch(/^[0-9a-f]{32}$/);

    const [first, second] = provider.requests;
    expect(first).toMatchObject({ path: '/v1/chat/completions', headers: { authorization: 'Bearer sk-canary' } });
    expect(first?.body).toMatchObject({
      model: 'test-model',
      messages: [{ role: 'system' }, { role: 'user', content: 'Add these.' }],
      tools: [{ type: 'function', function: { name: 'add', parameters: { type: 'object', required: ['a', 'b'] } } }],
    });
    expect(second?.body.messages.slice(2)).toEqual([
      { role: 'assistant', content: '', tool_calls },
      { role: 'tool', tool_call_id: 'call_a', content: expect.stringContaining('{"sum":3}') },
      { role: 'tool', tool_call_id: 'call_b', content: expect.stringContaining('{"sum":7}') },
    ]);
  });

  test('takes a conversation, of OpenAI’s form and of the AI SDK’s', async () => {
    provider.play(json(completion({ content: 'ok' })));
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'one' }] },
      { role: 'assistant', parts: [{ type: 'text', text: 'two' }] },
      { id: 'x', role: 'user', parts: [{ type: 'text', text: 'three' }] },
    ];
    expect((await chat({ messages, model: 'other-model' })).body).toMatchObject({
      response: 'ok',
      model: 'other-model',
    });
    expect(provider.requests[0]?.body).toMatchObject({
      model: 'other-model',
      messages: [
        { role: 'system' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'three' },
      ],
    });
  });

  test('offers the tools that the caller wants', async () => {
    provider.play(json(completion({ content: 'ok' })));
    await chat({ message: 'x', tools: { exclude: ['add'] } });
    await chat({ message: 'x', tools: { include: ['add'] } });
    await chat({ message: 'x', tools: { include: [] } });
    expect(provider.requests.map(({ body }) => body.tools?.length ?? 0)).toEqual([0, 1, 0]);
  });

  test('reports arguments that break the tool’s schema to the model', async () => {
    const tool_calls = [toolCall('call_a', 'add', '{"a":"one"}')];
    provider.play(json(completion({ tool_calls }, 'tool_calls')), json(completion({ content: 'Sorry.' })));
    const { body } = await chat({ message: 'x' });
    expect(body.tool_calls).toMatchObject([{ status: 'error', result: { error: { code: 'invalid_arguments' } } }]);
    expect(provider.requests[1]?.body.messages.at(-1).content).toMatch(/invalid_arguments: .*b: /);
  });

  test('does not retry a bad key, and reports the provider’s error', async () => {
    provider.play(json({ error: { message: 'Incorrect API key', type: 'x' } }, 401));
    const { status, body } = await chat({ message: 'x' });
    expect(status).toBe(502);
    expect(body.error).toMatchObject({
      code: 'upstream_failed',
      message: 'The OpenAI server answered 401: Incorrect API key',
    });
    expect(provider.requests).toHaveLength(1);
  });

  test('waits as long as a 429 asks for, then goes on', async () => {
    provider.play(
      json({ error: { message: 'slow down' } }, 429, { 'retry-after': '1' }),
      json(completion({ content: 'ok' })),
    );
    const started = performance.now();
    expect((await chat({ message: 'x' })).body.response).toBe('ok');
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(provider.requests).toHaveLength(2);
    expect((await request(`${middleware.url}/metrics`)).body).toMatch(
      /^chat_provider_retries_total\{provider="openai"\} [1-9]/m,
    );
  });

  test('does not wait for an hour because a 429 asks for it, and passes Retry-After on', async () => {
    provider.play(json({ error: { message: 'slow down' } }, 429, { 'retry-after': '3600' }));
    const { status, headers, body } = await chat({ message: 'x' });
    expect({ status, code: body.error.code }).toEqual({ status: 429, code: 'rate_limited' });
    expect(headers.get('retry-after')).toBe('3600');
    expect(provider.requests).toHaveLength(1);
  });

  const faults: [string, Behaviour, number, number, string, RegExp][] = [
    ['answers 500', json({ error: { message: 'oops' } }, 500), 3, 502, 'upstream_failed', /answered 500: oops/],
    ['answers 503', text('busy', 503), 3, 503, 'unavailable', /answered 503/],
    ['sends garbage', text('<html>'), 3, 502, 'upstream_failed', /cannot be understood/],
    ['sends broken JSON', half('{"choices":[', 'application/json'), 3, 502, 'upstream_failed', /connection|understood/],
    ['sends an empty object', json({}), 3, 502, 'upstream_failed', /cannot be understood/],
    ['hangs up', hangUp, 3, 502, 'upstream_failed', /dropped the connection/],
    ['is silent', silence, 3, 504, 'upstream_timeout', /did not answer within 600 ms/],
  ];
  test.each(faults)(
    'is retried within bounds when the server %s, and then says so',
    async (_name, fault, tries, status, code, message) => {
      provider.play(fault);
      const started = performance.now();
      const { status: answered, body } = await chat({ message: 'x' });
      expect({ status: answered, code: body.error.code }).toEqual({ status, code });
      expect(body.error.message).toMatch(message);
      expect(provider.requests).toHaveLength(tries);
      expect(performance.now() - started).toBeLessThan(15_000);
    },
  );

  test('recovers when the server does', async () => {
    provider.play(hangUp, text('x', 500), json(completion({ content: 'back' })));
    expect((await chat({ message: 'x' })).body.response).toBe('back');
  });

  test('keeps the results of tools when the server fails after them', async () => {
    const tool_calls = [toolCall('call_a', 'add', '{"a":1,"b":2}')];
    provider.play(json(completion({ tool_calls }, 'tool_calls')), text('gone', 400));
    const { status, body } = await chat({ message: 'x' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      finish_reason: 'error',
      response: expect.stringContaining('answered 400'),
      tool_calls: [{ status: 'ok' }],
    });
  });

  test('aborts the request when the caller leaves', async () => {
    provider.play(silence);
    const gone = new AbortController();
    const left = post(`${middleware.url}/chat`, { message: 'x' }, { signal: gone.signal }).catch(String);
    await until(() => provider.requests.length > 0);
    gone.abort();
    expect(await left).toContain('abort');
    await until(() => provider.closed.length > 0);
    expect(provider.requests).toHaveLength(1);
  });

  test('reports an unusable model at /health and /ready', async () => {
    expect((await request(`${middleware.url}/health`)).body).toMatchObject({
      services: { llm: { provider: 'openai', reason: 'OPENAI_API_KEY is set', last_check: expect.any(String) } },
    });
  });

  test('logs neither the key nor the conversation', async () => {
    provider.play(json(completion({ content: 'a private answer' })));
    await chat({ message: 'a private question' });
    expect(JSON.stringify(middleware.log)).not.toMatch(/sk-canary|private/);
  });

  test('is counted in the metrics', async () => {
    const { body } = await request(`${middleware.url}/metrics`);
    expect(body).toMatch(/^chat_runs_total\{finish_reason="stop"\} [1-9]/m);
    expect(body).toMatch(/^chat_runs_total\{finish_reason="error"\} [1-9]/m);
    expect(body).toMatch(/^chat_runs_active 0$/m);
    expect(body).toMatch(/^chat_tool_calls_total\{tool_name="add",status="ok"\} [1-9]/m);
    expect(body).toMatch(/^gen_ai_client_token_usage_total\{gen_ai_token_type="input"\} [1-9]/m);
    expect(body).toMatch(
      /gen_ai_client_operation_duration_seconds_count\{gen_ai_provider_name="openai",gen_ai_request_model="test-model"\} [1-9]/,
    );
    expect(body).not.toContain('gen_ai_request_model="other-model"');
  });
});
