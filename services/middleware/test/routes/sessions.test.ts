import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { StartFailure } from '@toolmesh/shared/test-kit/service-process';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { safeValidateUIMessages } from 'ai';
import { watchedTools } from '../fakes/chat-tools.ts';
import { fakeOpenAi } from '../fakes/fake-openai.ts';
import { openStream } from '../fakes/read-stream.ts';
import { dataFolder, startMiddlewareProcess, startWith } from '../fakes/start-middleware.ts';

async function start(env: Record<string, string>, ...answers: Parameters<typeof fakeOpenAi>) {
  const provider = endWithTest(await fakeOpenAi(...answers));
  const watched = watchedTools();
  const middleware = await startWith(watched.tools, { ...provider.env, ...env });
  const chat = (body: object) => post(`${middleware.url}/chat`, body);
  const get = (path: string) => request(`${middleware.url}${path}`);
  /** Returns the messages of the model's last request, as `role: content`. */
  const sent = () =>
    provider.requests
      .at(-1)
      ?.body.messages.slice(1)
      .map(({ role, content }: { role: string; content: string }) => `${role}: ${content}`);
  return { ...watched, provider, middleware, chat, get, sent };
}

describe('a session', () => {
  test('keeps a conversation, with its calls, across a restart', async () => {
    const env = { CHAT_DATA_DIR: dataFolder() };
    const first = await start(env, { calls: [{ name: 'echo', args: { text: 'x' } }] }, { text: ['It said x.'] });
    await first.chat({ message: 'Say x, please', session_id: 'mine' });
    await first.middleware.stop();

    const second = await start(env, { text: ['Yes.'] });
    expect((await second.chat({ message: 'Sure?', session_id: 'mine' })).body.response).toBe('Yes.');
    expect(second.sent()).toEqual([
      'user: Say x, please',
      'assistant: ',
      expect.stringMatching(/^tool: <tool_output \w+>\n\{"text":"x"\}\n<\/tool_output \w+>$/),
      'assistant: It said x.',
      'user: Sure?',
    ]);
    const { body } = await second.get('/sessions');
    expect(body.sessions).toEqual([
      {
        id: 'mine',
        session_id: 'mine',
        title: 'Say x, please',
        updated_at: expect.stringMatching(/Z$/),
        message_count: 4,
      },
    ]);
  });

  test('is shown as the AI SDK’s messages, and in plain fields, so that a page can draw it again', async () => {
    const { chat, get } = await start(
      {},
      { text: ['Well.'], calls: [{ name: 'echo', args: { text: 'x' } }] },
      { text: ['It said x.'] },
    );
    await chat({ message: 'Say x', session_id: 'mine' });
    const { body } = await get('/sessions/mine');
    const checked = await safeValidateUIMessages({ messages: body.messages });
    expect(checked).toMatchObject({ success: true });
    expect(body.messages).toMatchObject([
      { role: 'user', content: 'Say x', parts: [{ type: 'text', text: 'Say x' }] },
      {
        role: 'assistant',
        content: 'Well.\n\nIt said x.',
        tool_calls: [{ name: 'echo', status: 'ok', arguments: { text: 'x' }, result: { is_error: false } }],
        metadata: { provider: 'openai', model: 'fake', finish_reason: 'stop', usage: { total_tokens: 10 } },
      },
    ]);
    expect(body.messages[1].parts.map(({ type }: { type: string }) => type)).toEqual([
      'step-start',
      'text',
      'dynamic-tool',
      'step-start',
      'text',
    ]);
  });

  test('takes what is sent as messages for the conversation: edit and regenerate', async () => {
    const { chat, get, sent } = await start({}, { text: ['one'] }, { text: ['two'] });
    await chat({ message: 'first', session_id: 'mine' });
    const { body } = await get('/sessions/mine');
    const edited = [{ ...body.messages[0], parts: [{ type: 'text', text: 'better' }], content: undefined }];
    await chat({ messages: edited, session_id: 'mine' });
    expect(sent()).toEqual(['user: better']);
    const after = (await get('/sessions/mine')).body.messages;
    expect(after.map(({ content }: { content: string }) => content)).toEqual(['better', 'two']);
  });

  test('lets one run at a time through: the next one sees the answer of the one before', async () => {
    const open = Promise.withResolvers<void>();
    const { chat, provider, sent } = await start(
      {},
      { text: ['one', ' two'], pause: () => open.promise },
      { text: ['three'] },
    );
    const first = chat({ message: 'first', session_id: 'mine' });
    await until(() => provider.requests.length === 1);
    const second = chat({ message: 'second', session_id: 'mine' });
    const other = chat({ message: 'other', session_id: 'yours' });
    expect((await other).status).toBe(200);
    expect(provider.requests).toHaveLength(2);
    open.resolve();
    expect((await first).body.response).toBe('one two');
    await second;
    expect(sent()).toEqual(['user: first', 'assistant: one two', 'user: second']);
  });

  test('turns requests away when too many are queued', async () => {
    const open = Promise.withResolvers<void>();
    const { chat, provider } = await start(
      {},
      { text: ['one', ' two'], pause: () => open.promise },
      { text: ['three'] },
    );
    const all = Array.from({ length: 7 }, (_, n) => chat({ message: `${n}`, session_id: 'mine' }));
    await until(() => provider.requests.length === 1);
    const refused = await Promise.race(all);
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 'rate_limited' } } });
    open.resolve();
    expect((await Promise.all(all)).filter(({ status }) => status === 200)).toHaveLength(5);
  });

  test('keeps the answer so far when its reader leaves', async () => {
    const never = new Promise(() => {});
    const { middleware, get } = await start({}, { text: ['Hal', 'lo'], pause: () => never });
    const stream = await openStream(`${middleware.url}/chat`, { message: 'hi', session_id: 'mine', stream: true });
    await stream.until('start-step');
    stream.leave();
    await until(async () => (await get('/metrics')).body.includes('chat_runs_total{finish_reason="aborted"} 1'));
    const { body } = await get('/sessions/mine');
    expect(body.messages[0]).toMatchObject({ role: 'user', content: 'hi' });
  });

  test('can be deleted and exported', async () => {
    const { chat, get, middleware } = await start(
      {},
      { calls: [{ name: 'echo', args: { text: '```' } }] },
      { text: ['Done.'] },
    );
    await chat({ message: 'Say it', session_id: 'mine' });
    const markdown = await get('/sessions/mine/export?format=markdown');
    expect(markdown.headers.get('content-disposition')).toBe('attachment; filename=chat-mine.md');
    expect(markdown.body).toMatch(
      /^# Say it\n\n## You\n\nSay it\n\n## Assistant \(openai, fake\)\n\n\*\*echo\*\* - ok\n\n````json/,
    );
    expect((await get('/sessions/mine/export')).body.messages).toHaveLength(2);
    expect((await get('/sessions/mine/export?format=pdf')).status).toBe(400);
    const remove = () => request(`${middleware.url}/sessions/mine`, { method: 'DELETE' });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await get('/sessions/mine')).status).toBe(404);
  });

  test('is bounded in messages, and sessions in number', async () => {
    const { chat, get } = await start({ CHAT_SESSION_MESSAGES: '4', CHAT_MAX_SESSIONS: '2' }, { text: ['ok'] });
    for (const message of ['a', 'b', 'c']) await chat({ message, session_id: 'one' });
    const { body } = await get('/sessions/one');
    expect(body.messages.map(({ content }: { content: string }) => content)).toEqual(['b', 'ok', 'c', 'ok']);
    await chat({ message: 'a', session_id: 'two' });
    await chat({ message: 'a', session_id: 'three' });
    const { sessions } = (await get('/sessions')).body;
    expect(sessions.map(({ id }: { id: string }) => id)).toEqual(['three', 'two']);
  });
});

describe('sessions', () => {
  test('keep nothing when they are turned off, and report it', async () => {
    const { chat, get, sent } = await start({ CHAT_SESSIONS: 'off' }, { text: ['ok'] });
    await chat({ message: 'a', session_id: 'mine' });
    await chat({ message: 'b', session_id: 'mine' });
    expect(sent()).toEqual(['user: b']);
    expect((await get('/sessions')).body).toEqual({ sessions: [] });
    expect(await get('/sessions/mine')).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringContaining('CHAT_SESSIONS') } },
    });
  });

  test('stop the start when their folder cannot be used, naming the setting', async () => {
    const file = join(dataFolder(), 'file');
    writeFileSync(file, '');
    const failure = await startMiddlewareProcess({ CHAT_DATA_DIR: file }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect(failure).toMatchObject({ code: 78, message: expect.stringContaining('CHAT_DATA_DIR') });
  });
});
