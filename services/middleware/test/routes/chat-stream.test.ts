import { describe, expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai';
import { watchedTools } from '../fakes/chat-tools.ts';
import { fakeOpenAi } from '../fakes/fake-openai.ts';
import { fakeProvider } from '../fakes/fake-provider.ts';
import { openStream } from '../fakes/read-stream.ts';
import { startWith } from '../fakes/start-middleware.ts';

async function start(...answers: Parameters<typeof fakeOpenAi>) {
  const provider = endWithTest(await fakeOpenAi(...answers));
  const watched = watchedTools();
  const middleware = await startWith(watched.tools, provider.env);
  return { ...watched, provider, middleware, chat: `${middleware.url}/chat` };
}

describe('POST /chat as a stream', () => {
  test('reports every event in order, with live output of the tool', async () => {
    const { chat } = await start(
      { text: ['Let me count.'], calls: [{ name: 'count', args: {} }] },
      { text: ['Three.'] },
    );
    const { response, rest } = await openStream(chat, { message: 'count', stream: true });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-vercel-ai-ui-message-stream': 'v1',
      'x-accel-buffering': 'no',
      'x-run-id': expect.stringMatching(/^run_/),
    });
    const parts = await rest();
    expect(parts[0]).toMatchObject({ type: 'start', messageMetadata: { run_id: response.headers.get('x-run-id') } });
    const kinds = parts.map((part) => (part === '[DONE]' ? part : part.type));
    const order = [
      'start',
      'start-step',
      'text-delta',
      'tool-input-available',
      'data-tool-output',
      'tool-output-available',
      'start-step',
      'text-delta',
      'finish',
      '[DONE]',
    ];
    let at = -1;
    for (const kind of order) {
      at = kinds.indexOf(kind, at + 1);
      expect({ kind, isThere: at >= 0 }).toEqual({ kind, isThere: true });
    }
    expect(at).toBe(kinds.length - 1);
    const output = parts.flatMap((part) => (part.type === 'data-tool-output' ? [part.data.text] : []));
    expect(output.join('')).toBe('1\n2\n3\n');
    expect(parts.find(({ type }) => type === 'data-provider')).toMatchObject({
      data: { provider: 'openai', model: 'fake' },
    });
    expect(parts.findLast(({ type }) => type === 'data-usage').data.total_tokens).toBeGreaterThan(0);
  });

  test('is what Accept: text/event-stream asks for, too, unless the body says otherwise', async () => {
    const { chat } = await start({ text: ['Hi'] });
    const { response, rest } = await openStream(chat, { message: 'hi' }, { accept: 'text/event-stream' });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect((await rest()).at(-1)).toBe('[DONE]');
    expect(
      (await post(chat, { message: 'hi', stream: false }, { headers: { accept: 'text/event-stream' } })).body.response,
    ).toBe('Hi');
  });

  test('serves the AI SDK’s own transport, with its messages', async () => {
    const { chat, provider } = await start(
      { calls: [{ name: 'echo', args: { text: 'x' } }] },
      { text: ['It said x.'] },
    );
    const transport = new DefaultChatTransport({ api: chat });
    const ask = async (messages: UIMessage[]) => {
      const stream = await transport.sendMessages({
        trigger: 'submit-message',
        chatId: 'chat-1',
        messageId: undefined,
        messages,
        abortSignal: undefined,
      });
      let last: UIMessage | undefined;
      for await (const message of readUIMessageStream({ stream, terminateOnError: true })) last = message;
      if (last === undefined) throw new Error('no message');
      return last;
    };
    const user: UIMessage = {
      id: 'u1',
      role: 'user',
      parts: [
        { type: 'text', text: 'say x' },
        { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AAAA' },
      ],
    };
    const answer = await ask([user]);
    expect(answer.parts).toContainEqual(
      expect.objectContaining({ type: 'dynamic-tool', toolName: 'echo', state: 'output-available' }),
    );
    expect(answer.parts.at(-1)).toMatchObject({ type: expect.stringMatching(/^(text|data-usage)$/) });
    await ask([user, answer, { id: 'u2', role: 'user', parts: [{ type: 'text', text: 'again' }] }]);
    const told = provider.requests.at(-1)?.body.messages.map(({ role }: { role: string }) => role);
    expect(told).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
  });

  test('tells a failure of the provider in words, and ends in order', async () => {
    const provider = endWithTest(
      await fakeProvider([(res) => void res.writeHead(401).end('{"error":{"message":"bad key"}}')]),
    );
    const middleware = await startWith(watchedTools().tools, {
      LLM_PROVIDER: 'openai',
      OPENAI_API_KEY: 'k',
      OPENAI_BASE_URL: `${provider.url}/v1`,
    });
    const { rest } = await openStream(`${middleware.url}/chat`, { message: 'hi', stream: true });
    const parts = await rest();
    expect(parts).toContainEqual({ type: 'error', errorText: expect.stringContaining('401') });
    expect(parts.slice(-2)).toEqual([expect.objectContaining({ type: 'finish', finishReason: 'error' }), '[DONE]']);
  });
});

describe('a chat that nobody waits for any more', () => {
  test('is stopped all the way: the tool’s call when its reader leaves', async () => {
    const { chat, cancelled, called, middleware } = await start({ calls: [{ name: 'hang', args: {} }] });
    const stream = await openStream(chat, { message: 'hang', stream: true });
    await stream.until('tool-input-available');
    await until(() => called.length === 1);
    stream.leave();
    await until(() => cancelled.includes('hang'));
    const metrics = async () => (await request(`${middleware.url}/metrics`)).body;
    await until(async () => (await metrics()).includes('chat_runs_total{finish_reason="aborted"} 1'));
    expect(await metrics()).toContain('chat_tool_calls_total{tool_name="hang",status="skipped"} 1');
  });

  test('is stopped all the way: the provider’s answer when its reader leaves', async () => {
    const provider = endWithTest(await fakeProvider([() => {}]));
    const middleware = await startWith(watchedTools().tools, {
      LLM_PROVIDER: 'openai',
      OPENAI_API_KEY: 'k',
      OPENAI_BASE_URL: `${provider.url}/v1`,
    });
    const stream = await openStream(`${middleware.url}/chat`, { message: 'hi', stream: true });
    await stream.until('start-step');
    await until(() => provider.requests.length === 1);
    stream.leave();
    await until(() => provider.closed.length === 1);
    expect(provider.requests).toHaveLength(1);
  });

  test('is stopped by POST /runs/{id}/cancel, and keeps the answer so far', async () => {
    const { chat, cancelled, called, middleware } = await start({ calls: [{ name: 'hang', args: {} }] });
    const stream = await openStream(chat, { message: 'hang', stream: true, session_id: 'mine' });
    const { messageMetadata } = await stream.until('start');
    await until(() => called.length === 1);
    const cancel = () => post(`${middleware.url}/runs/${messageMetadata.run_id}/cancel`, {});
    expect(await cancel()).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    const parts = await stream.rest();
    expect(parts.map((part) => part.type ?? part)).toEqual(
      expect.arrayContaining(['tool-output-error', 'abort', 'finish', '[DONE]']),
    );
    await until(() => cancelled.includes('hang'));
    expect(await cancel()).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    const { body } = await request(`${middleware.url}/sessions/mine`);
    expect(body.messages.at(-1)).toMatchObject({
      role: 'assistant',
      tool_calls: [{ name: 'hang', status: 'skipped' }],
    });
  });

  test('gives the answer so far to a caller that does not stream', async () => {
    const { chat, called, middleware } = await start({ text: ['I hang.'], calls: [{ name: 'hang', args: {} }] });
    const answer = post(chat, { message: 'hang' });
    await until(() => called.length === 1);
    const { body } = await request(`${middleware.url}/sessions`);
    expect(body.sessions).toHaveLength(1);
    await request(`${middleware.url}/sessions/${body.sessions[0].id}`, { method: 'DELETE' });
    expect(await answer).toMatchObject({
      status: 200,
      body: { finish_reason: 'aborted', response: 'I hang.', tool_calls: [{ status: 'skipped' }] },
    });
    expect((await request(`${middleware.url}/sessions`)).body.sessions).toEqual([]);
  });
});
