import { describe, expect, test } from '@jest/globals';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post } from '@toolmesh/shared/test-kit/requests';
import { z } from 'zod';
import { watchedTools } from '../fakes/chat-tools.ts';
import { fakeOpenAi } from '../fakes/fake-openai.ts';
import { startWith } from '../fakes/start-middleware.ts';

/** A tool that runs programs, under a name of its own; it returns the tools that its program was given. */
const runner = defineTool({
  name: 'run_it',
  description: 'Runs a program.',
  input: z.object({ code: z.string(), tools: z.union([z.boolean(), z.array(z.string())]).optional() }),
  output: z.object({ tools: z.unknown() }),
  run: ({ tools }) => ({ tools }),
});

async function start(env: Record<string, string> = {}) {
  const provider = endWithTest(
    await fakeOpenAi(
      { calls: [{ id: 'call_1', name: 'run_it', args: { code: 'x', tools: true } }] },
      { text: ['Done.'] },
    ),
  );
  const middleware = await startWith([...watchedTools().tools, runner], { ...provider.env, ...env });
  const execute = (tools: unknown) =>
    post(`${middleware.url}/execute`, { name: 'run_it', parameters: { code: 'x', tools } });
  return { middleware, execute };
}

describe('a program that a chat runs', () => {
  test('is given the tools that run without a question, of those that the chat has', async () => {
    const { middleware, execute } = await start();
    const { body } = await post(`${middleware.url}/chat`, { message: 'run it' });
    const given = body.tool_calls[0].result.structured_content.tools;
    expect(given).toContain('echo');
    expect(given).not.toContain('destroy');
    expect((await execute(true)).body.structured_content.tools).toEqual(given);
    expect((await execute(['echo'])).body.structured_content.tools).toEqual(['echo']);
    expect((await execute(undefined)).body.structured_content.tools).toBeUndefined();
  });

  test('is given none that its chat leaves out', async () => {
    const { middleware } = await start();
    const { body } = await post(`${middleware.url}/chat`, { message: 'run it', tools: { exclude: ['echo'] } });
    expect(body.tool_calls[0].result.structured_content.tools).not.toContain('echo');
  });

  test('is refused a tool that needs an approval, is denied, or is not there', async () => {
    const { execute } = await start({ TOOL_POLICY: 'echo=deny' });
    expect((await execute(['destroy'])).body.error).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining("needs the user's approval, which a program cannot request"),
    });
    expect((await execute(['echo'])).body.error).toMatchObject({ message: 'tools: echo may not be used here' });
    expect((await execute(['ecko'])).body.error).toMatchObject({
      code: 'tool_not_found',
      details: { did_you_mean: expect.arrayContaining(['echo']) },
    });
  });
});
