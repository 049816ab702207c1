import { describe, expect, test } from '@jest/globals';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { z } from 'zod';
import { watchedTools } from '../fakes/chat-tools.ts';
import { fakeOpenAi } from '../fakes/fake-openai.ts';
import { startWith } from '../fakes/start-middleware.ts';

/** Tools that nobody needs here. */
const others = Array.from({ length: 70 }, (_one, index) =>
  defineTool({
    name: `sensor_${index}`,
    description: `Reads sensor ${index}.`,
    input: z.object({}),
    output: z.object({}),
    run: () => ({}),
  }),
);

async function start(env: Record<string, string>, ...answers: Parameters<typeof fakeOpenAi>) {
  const provider = endWithTest(await fakeOpenAi(...answers));
  const watched = watchedTools();
  const middleware = await startWith([...watched.tools, ...others], { ...provider.env, ...env });
  const shown = (turn: number): string[] =>
    (provider.requests.filter(({ path }) => path.endsWith('/chat/completions'))[turn]?.body.tools ?? []).map(
      (tool: { function: { name: string } }) => tool.function.name,
    );
  return { ...watched, provider, middleware, shown, chat: (body: object) => post(`${middleware.url}/chat`, body) };
}

const searching = (query: string) => ({ calls: [{ id: 'call_s', name: 'search_tools', args: { query } }] });
const calling = (name: string, args: object, id = 'call_1') => ({
  calls: [{ id, name: 'call_tool', args: { name, arguments: args } }],
});
const foundBy = (result: { structured_content: { tools: { name: string }[] } }) =>
  result.structured_content.tools.map(({ name }) => name);

describe('a chat with many tools', () => {
  test('shows the model two tools, which find the others and call them as themselves', async () => {
    const { chat, called, shown } = await start({}, searching('echo'), calling('echo', { text: 'hi' }), {
      text: ['Done.'],
    });
    const { body } = await chat({ message: 'say hi', session_id: 'mine' });
    expect(shown(0)).toEqual(['search_tools', 'call_tool']);
    expect(body).toMatchObject({
      response: 'Done.',
      tool_calls: [
        { name: 'search_tools', status: 'ok' },
        { name: 'echo', arguments: { text: 'hi' }, status: 'ok' },
      ],
    });
    expect(foundBy(body.tool_calls[0].result)[0]).toBe('echo');
    expect(called).toEqual([{ name: 'echo', input: { text: 'hi' } }]);
  });

  test('asks the user about the tool that is called, and runs exactly that after the approval', async () => {
    const { chat, called } = await start({}, calling('destroy', { text: 'a' }), { text: ['Gone.'] });
    const { body } = await chat({ message: 'destroy it', session_id: 'mine' });
    expect(called).toEqual([]);
    expect(body.pending_approvals).toMatchObject([{ call_id: 'call_1', name: 'destroy', arguments: { text: 'a' } }]);
    const [{ id }] = body.pending_approvals;
    const after = await chat({ session_id: 'mine', approvals: [{ id, decision: 'approve' }] });
    expect(after.body.tool_calls).toMatchObject([{ name: 'destroy', status: 'ok' }]);
    expect(called).toEqual([{ name: 'destroy', input: { text: 'a' } }]);
  });

  test('finds and calls nothing that policies or the request leave out', async () => {
    const { chat, called } = await start(
      { TOOL_POLICY: 'count=deny', TOOL_POLICY_DEFAULT: 'auto' },
      searching('echo count destroy'),
      {
        calls: ['count', 'destroy', 'call_tool', 'search_tools'].map((name, n) => ({
          id: `c${n}`,
          name: 'call_tool',
          args: { name },
        })),
      },
      { text: ['No.'] },
    );
    const { body } = await chat({ message: 'go', tools: { exclude: ['destroy'] } });
    const [search, ...calls] = body.tool_calls;
    expect(foundBy(search.result)).toEqual(['echo']);
    expect(calls.map(({ name, status }: Record<string, string>) => [name, status])).toEqual([
      ['count', 'denied'],
      ['destroy', 'error'],
      ['call_tool', 'error'],
      ['call_tool', 'error'],
    ]);
    expect(called).toEqual([]);
  });

  test('shows them all where they fit, where few are included, and where the caller does not want to search', async () => {
    const { chat, shown } = await start({ CHAT_MAX_TOOLS: '100' }, { text: ['Hello.'] });
    await chat({ message: 'hi' });
    expect(shown(0)).toHaveLength(74);
    const small = await start({}, { text: ['Hello.'] });
    await small.chat({ message: 'hi', tools: { include: ['echo'] } });
    expect(small.shown(0)).toEqual(['echo']);
    await small.chat({ message: 'hi', tools: { exclude: ['search_tools'] } });
    expect(small.shown(1)).toHaveLength(74);
    const tiny = await start({ CHAT_MAX_TOOLS: '100', OPENAI_CONTEXT_TOKENS: '4000' }, { text: ['Hello.'] });
    await tiny.chat({ message: 'hi' });
    expect(tiny.shown(0)).toEqual(['search_tools', 'call_tool']);
  });
});

describe('a direct call of call_tool', () => {
  test('needs the approval of the tool that it calls', async () => {
    const { middleware, called } = await start({ TOOL_POLICY: 'count=deny' }, { text: ['unused'] });
    const execute = (name: string, more: object = {}) =>
      post(`${middleware.url}/execute`, { tool: 'call_tool', arguments: { name, arguments: { text: 'a' } }, ...more });
    expect((await execute('count')).status).toBe(403);
    const refused = await execute('destroy');
    expect(refused).toMatchObject({
      status: 403,
      body: { error: { details: { approval: { id: expect.any(String) } } } },
    });
    expect(called).toEqual([]);
    const approval = refused.body.error.details.approval.id;
    expect((await execute('destroy', { approval })).body).toMatchObject({ tool: 'destroy', is_error: false });
    expect(await execute('destry')).toMatchObject({
      status: 404,
      body: { error: { details: { did_you_mean: expect.arrayContaining(['destroy']) } } },
    });
    expect((await execute('call_tool')).status).toBe(422);
    expect((await request(`${middleware.url}/tools`)).body.tools).toHaveLength(74);
  });
});
