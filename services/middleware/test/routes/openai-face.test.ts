import { describe, expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import OpenAI, { APIError, APIUserAbortError } from 'openai';
import type { ChatCompletionTool } from 'openai/resources/chat/completions';
import { watchedTools } from '../fakes/chat-tools.ts';
import { fakeOpenAi, speak } from '../fakes/fake-openai.ts';
import { fakeProvider, hangUp } from '../fakes/fake-provider.ts';
import { startWith } from '../fakes/start-middleware.ts';

const start = (...answers: Parameters<typeof fakeOpenAi>) => startSet({}, ...answers);

async function startSet(env: Record<string, string>, ...answers: Parameters<typeof fakeOpenAi>) {
  const provider = endWithTest(await fakeOpenAi(...answers));
  const watched = watchedTools();
  const middleware = await startWith(watched.tools, { ...provider.env, ...env });
  const client = new OpenAI({ apiKey: 'any', baseURL: `${middleware.url}/v1`, maxRetries: 0 });
  return { ...watched, provider, middleware, client };
}

const user = { role: 'user' as const, content: 'go' };
const own: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Tells the weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};

const assistantCalling = (args: string) => ({
  role: 'assistant' as const,
  content: null,
  tool_calls: [{ id: 'a', type: 'function' as const, function: { name: 'echo', arguments: args } }],
});

describe('the face for OpenAI’s clients, used by the openai SDK', () => {
  test('runs the hub’s tools itself and shows the caller the answer only', async () => {
    const { client, called } = await start(
      { text: ['I look.'], calls: [{ name: 'echo', args: { text: 'x' } }] },
      { text: ['It', ' said x.'] },
    );
    const stream = client.chat.completions.stream({
      model: 'toolmesh',
      messages: [user],
      stream_options: { include_usage: true },
    });
    const deltas: string[] = [];
    stream.on('content', (delta) => void deltas.push(delta));
    const final = await stream.finalChatCompletion();
    expect(deltas.join('')).toBe('I look.\n\nIt said x.');
    expect(final).toMatchObject({
      object: 'chat.completion',
      model: 'toolmesh',
      choices: [{ finish_reason: 'stop', message: { content: 'I look.\n\nIt said x.' } }],
      usage: { prompt_tokens: 6, completion_tokens: 4, total_tokens: 10 },
    });
    expect(final.choices[0]?.message.tool_calls ?? []).toEqual([]);
    expect(called).toEqual([{ name: 'echo', input: { text: 'x' } }]);
  });

  test('refuses arguments of earlier calls that are nested too deep', async () => {
    const { client } = await start();
    const messages = [user, assistantCalling(`{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)];
    const refused = client.chat.completions.create({ model: 'toolmesh', messages });
    await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining('nested deeper') });
  });

  test('tells the model that arguments are nested too deep, and goes on', async () => {
    const deep = `{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const { client, called, provider } = await start({ calls: [{ name: 'echo', args: deep }] }, { text: ['Done.'] });
    const answer = await client.chat.completions.create({ model: 'toolmesh', messages: [user] });
    expect(answer.choices[0]?.message.content).toBe('Done.');
    expect(called).toEqual([]);
    expect(JSON.stringify(provider.requests.at(-1)?.body.messages)).toContain('nested');
  });

  test('gives the same answer without streaming', async () => {
    const { client } = await start({ calls: [{ name: 'echo', args: {} }] }, { text: ['Done.'] });
    const answer = await client.chat.completions.create({ model: 'toolmesh', messages: [user] });
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Done.', refusal: null } }],
    });
  });

  test('hands back a call of the caller’s own tool, and remembers the results of its own', async () => {
    const { client, provider, called } = await start(
      { calls: [{ name: 'echo', args: { text: 'x' } }] },
      {
        calls: [
          { name: 'get_weather', args: { city: 'Rome' } },
          { id: 'call_2', name: 'echo', args: { text: 'y' } },
        ],
      },
      { text: ['Sunny.'] },
    );
    const first = await client.chat.completions.create({ model: 'toolmesh', messages: [user], tools: [own] });
    const [choice] = first.choices;
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [{ type: 'function', function: { name: 'get_weather', arguments: '{"city":"Rome"}' } }],
      },
    });
    expect(called.map(({ input }) => input)).toEqual([{ text: 'x' }, { text: 'y' }]);
    if (choice === undefined) throw new Error('no choice');
    const tool_call_id = choice.message.tool_calls?.[0]?.id ?? '';
    const second = await client.chat.completions.create({
      model: 'toolmesh',
      messages: [user, choice.message, { role: 'tool', tool_call_id, content: '25 degrees' }],
      tools: [own],
    });
    expect(second.choices[0]?.message.content).toBe('Sunny.');
    const told = provider.requests.at(-1)?.body.messages.slice(2);
    expect(told.map(({ role, content, tool_calls }: Told) => [role, content, tool_calls?.length])).toEqual([
      ['assistant', '', 1],
      ['tool', expect.stringContaining('{"text":"x"}'), undefined],
      ['assistant', '', 2],
      ['tool', expect.stringContaining('25 degrees'), undefined],
      ['tool', expect.stringContaining('{"text":"y"}'), undefined],
    ]);
    const offered = provider.requests[0]?.body.tools.map(
      (tool: ChatCompletionTool & { function: { name: string } }) => tool.function.name,
    );
    expect(offered).toEqual(['get_weather', 'echo', 'count', 'hang', 'destroy']);
  });

  test('streams such a call in the SDK’s form, several at once', async () => {
    const { client } = await start({
      calls: [
        { name: 'get_weather', args: { city: 'Rome' } },
        { id: 'call_2', name: 'get_weather', args: { city: 'Oslo' } },
      ],
    });
    const stream = client.chat.completions.stream({ model: 'toolmesh', messages: [user], tools: [own] });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        tool_calls: [{ function: { arguments: '{"city":"Rome"}' } }, { function: { arguments: '{"city":"Oslo"}' } }],
      },
    });
  });

  test('offers no tool where tool_choice is none, and one where it names one', async () => {
    const { client, provider } = await start({ text: ['Hi.'] });
    await client.chat.completions.create({ model: 'toolmesh', messages: [user], tools: [own], tool_choice: 'none' });
    expect(provider.requests.at(-1)?.body.tools).toBeUndefined();
    await client.chat.completions.create({
      model: 'toolmesh',
      messages: [user],
      tool_choice: { type: 'function', function: { name: 'echo' } },
    });
    expect(provider.requests.at(-1)?.body.tools).toHaveLength(1);
  });

  test('takes every form of message, and ignores what it does not know', async () => {
    const { client, provider } = await start({ text: ['Hi.'] });
    await client.chat.completions.create({
      model: 'other-model',
      messages: [
        { role: 'developer', content: 'be short' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'a', type: 'function', function: { name: 'gone', arguments: '{bad' } }],
        },
        { role: 'assistant', content: 'Hm.' },
        user,
      ],
      logit_bias: { '1': 1 },
      service_tier: 'auto',
    });
    const messages = provider.requests.at(-1)?.body.messages.slice(1);
    expect(messages.map(({ role }: { role: string }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
    ]);
    expect(provider.requests.at(-1)?.body.model).toBe('other-model');
  });

  test('denies a tool that needs approval, since the user cannot be asked', async () => {
    const { client, called, provider } = await start(
      { calls: [{ name: 'destroy', args: {} }] },
      { text: ['I may not.'] },
    );
    const answer = await client.chat.completions.create({ model: 'toolmesh', messages: [user] });
    expect(answer.choices[0]?.message.content).toBe('I may not.');
    expect(called).toEqual([]);
    expect(provider.requests.at(-1)?.body.messages.at(-1).content).toContain("needs the user's approval");
  });

  test('stops running tools when the client aborts', async () => {
    const { client, cancelled, called } = await start({ calls: [{ name: 'hang', args: {} }] });
    const leaving = new AbortController();
    const answer = client.chat.completions.create(
      { model: 'toolmesh', messages: [user], stream: true },
      { signal: leaving.signal },
    );
    await until(() => called.length === 1);
    leaving.abort();
    await expect(answer).rejects.toBeInstanceOf(APIUserAbortError);
    await until(() => cancelled.includes('hang'));
  });

  test('lists models by the names that it accepts', async () => {
    const { client } = await start({ text: ['Hi.'] });
    const ids = (await client.models.list()).data.map(({ id }) => id);
    expect(ids).toEqual(['toolmesh', 'openai/fake']);
    const refused = client.chat.completions.create({ model: 'demo', messages: [user] });
    await expect(refused).rejects.toMatchObject({
      status: 400,
      code: 'invalid_request',
      message: expect.stringContaining('LLM_FALLBACK does not name demo'),
    });
  });

  test('lists the demo where it may answer, and lets it be chosen', async () => {
    const { client } = await startSet({ LLM_FALLBACK: 'demo' }, { text: ['Hi.'] });
    const ids = (await client.models.list()).data.map(({ id }) => id);
    expect(ids).toEqual(['toolmesh', 'openai/fake', 'demo']);
    const demo = await client.chat.completions.create({
      model: 'demo',
      messages: [{ role: 'user', content: 'hello' }],
    });
    expect(demo.choices[0]?.message.content).toContain('demo provider');
  });

  test('refuses in OpenAI’s form: a bad request, and a provider that fails before the first word, also when streaming', async () => {
    const { client } = await start({ text: ['Hi.'] });
    const bad = await client.chat.completions
      .create({ model: 'toolmesh', messages: [] })
      .catch((error: unknown) => error);
    expect(bad).toBeInstanceOf(APIError);
    expect(bad).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      param: 'messages',
      code: 'invalid_request',
    });

    const provider = endWithTest(await fakeProvider([hangUp]));
    const broken = await startWith([], {
      LLM_PROVIDER: 'openai',
      LLM_RETRIES: '0',
      OPENAI_API_KEY: 'k',
      OPENAI_BASE_URL: `${provider.url}/v1`,
    });
    const other = new OpenAI({ apiKey: 'any', baseURL: `${broken.url}/v1`, maxRetries: 0 });
    for (const stream of [false, true]) {
      const failed = await other.chat.completions
        .create({ model: 'toolmesh', messages: [user], stream })
        .catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(APIError);
      expect(failed).toMatchObject({ status: 502, type: 'server_error' });
    }
    expect((await request(`${broken.url}/metrics`)).body).toContain('chat_runs_total{finish_reason="error"} 2');
  });

  test('reports a failure after the first word in the frame that clients throw', async () => {
    const { client, provider } = await start({ text: ['Wait.'], calls: [{ name: 'echo', args: {} }] });
    provider.play(
      speak({ text: ['Wait.'], calls: [{ name: 'echo', args: {} }] }),
      (res) => void res.writeHead(400).end('{"error":{"message":"too long"}}'),
    );
    const stream = client.chat.completions.stream({ model: 'toolmesh', messages: [user] });
    const deltas: string[] = [];
    stream.on('content', (delta) => void deltas.push(delta));
    await expect(stream.finalChatCompletion()).rejects.toThrow(/too long/);
    expect(deltas).toEqual(['Wait.']);
  });
});

interface Told {
  readonly role: string;
  readonly content: string;
  readonly tool_calls?: readonly unknown[];
}
