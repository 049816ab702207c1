import { describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ModelEvent } from '../../src/models/model.ts';
import { callTool, result, run, shown } from './run-script.ts';
import { call, finish, say } from './scripted-model.ts';

describe('the agent loop', () => {
  test('answers without tools in one step', async () => {
    const { answer } = run([[say('Hel'), say('lo'), { type: 'usage', inputTokens: 3, outputTokens: 2 }, finish()]]);
    expect(await answer).toEqual({
      ...shown,
      response: 'Hello',
      message: { role: 'assistant', content: 'Hello' },
      tool_calls: [],
      steps: 1,
      finish_reason: 'stop',
      usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
    });
  });

  test('runs the calls of one step at the same time and tells the model in their order', async () => {
    const allRunning = Promise.withResolvers<void>();
    let running = 0;
    const meet: typeof callTool = async (...args) => {
      running += 1;
      if (running === 3) allRunning.resolve();
      await allRunning.promise;
      return callTool(...args);
    };
    const { answer, requests } = run(
      [
        [
          say('Let me see.'),
          call('wait', { n: 1 }, 'a'),
          call('wait', { n: 2 }, 'b'),
          call('add', { n: 3 }, 'c'),
          finish(),
        ],
        [say('Done.'), finish()],
      ],
      { callTool: meet },
    );
    const { tool_calls, response, steps } = await answer;
    expect({ response, steps }).toEqual({ response: 'Done.', steps: 2 });
    expect(tool_calls.map(({ id, status }) => [id, status])).toEqual([
      ['a', 'ok'],
      ['b', 'ok'],
      ['c', 'ok'],
    ]);
    expect(tool_calls[0]).toMatchObject({
      name: 'wait',
      arguments: { n: 1 },
      result: { content: [{ text: '{"n":1}' }] },
      truncated: false,
    });
    expect(tool_calls[0]?.duration_ms).toBeGreaterThan(90);
    expect(requests[1]?.messages.slice(1)).toMatchObject([
      { role: 'assistant', content: 'Let me see.', toolCalls: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      { role: 'tool', callId: 'a', content: '{"n":1}' },
      { role: 'tool', callId: 'b', content: '{"n":2}' },
      { role: 'tool', callId: 'c', content: '{"n":3}' },
    ]);
  });

  const malformed: [string, unknown, string][] = [
    ['half of JSON', '{"n":', 'must be one JSON object; received "{"n":"'],
    ['null', 'null', 'must be one JSON object; received "null"'],
    ['a list', '[1]', 'must be one JSON object'],
    ['a number', '7', 'must be one JSON object'],
  ];
  test.each(malformed)('tells the model that %s is no argument', async (_name, args, text) => {
    const { answer, requests } = run([
      [call('add', args), finish()],
      [say('Sorry.'), finish()],
    ]);
    expect((await answer).tool_calls).toMatchObject([
      { status: 'error', result: { error: { code: 'invalid_arguments' } } },
    ]);
    expect(requests[1]?.messages.at(-1)).toMatchObject({ role: 'tool', content: expect.stringContaining(text) });
  });

  test.each([
    ['', {}],
    ['  ', {}],
    ['{"n":1}', { n: 1 }],
  ])('takes "%s" for arguments', async (sent, args) => {
    const { answer } = run([[call('add', sent), finish()], [finish()]]);
    expect((await answer).tool_calls).toMatchObject([{ status: 'ok', arguments: args }]);
  });

  test('takes arguments that are a value already', async () => {
    const event: ModelEvent = { type: 'tool_call', call: { id: 'a', name: 'add', arguments: { n: 1 } } };
    const { answer } = run([[event, finish()], [finish()]]);
    expect((await answer).tool_calls).toMatchObject([{ status: 'ok', arguments: { n: 1 } }]);
  });

  test('reports an unknown tool to the model, with similar names', async () => {
    const { answer, requests } = run([
      [call('ad', {}), finish()],
      [say('Sorry.'), finish()],
    ]);
    expect((await answer).tool_calls).toMatchObject([
      { name: 'ad', status: 'error', result: { error: { code: 'tool_not_found' } } },
    ]);
    expect(requests[1]?.messages.at(-1)).toMatchObject({ content: expect.stringMatching(/no tool named "ad".*"add"/) });
  });

  test('reports a failed tool to the model, and goes on', async () => {
    const { answer, requests } = run([
      [call('fail', {}), call('add', {}), finish()],
      [say('One failed.'), finish()],
    ]);
    const { tool_calls, response } = await answer;
    expect(tool_calls.map(({ status }) => status)).toEqual(['error', 'ok']);
    expect(response).toBe('One failed.');
    expect(requests[1]?.messages.at(-2)).toMatchObject({ content: 'The tool failed.\nit broke' });
  });

  test.each([
    [new MeshError('upstream_failed', 'add could not be called'), 'error'],
    [new MeshError('upstream_timeout', 'add took too long'), 'timeout'],
    [new TypeError('a bug with a secret'), 'error'],
  ])('tells the model of a call that did not run: %s', async (error, status) => {
    const { answer, requests } = run(
      [
        [call('add', {}), finish()],
        [say('Sorry.'), finish()],
      ],
      {
        callTool: () => Promise.reject(error),
      },
    );
    expect((await answer).tool_calls).toMatchObject([{ status, result: { error: { message: expect.any(String) } } }]);
    expect(JSON.stringify(requests[1]?.messages)).not.toContain('secret');
  });

  test('asks once more without tools when its steps are used up', async () => {
    const again = [call('add', {}), finish()];
    const { answer, requests } = run([again, again, [say('That is all.'), finish()]], { limits: { maxSteps: 2 } });
    expect(await answer).toMatchObject({ finish_reason: 'max_steps', steps: 2, response: 'That is all.' });
    expect(requests.map(({ tools: offered }) => offered.length)).toEqual([4, 4, 0]);
  });

  test('runs no more calls than allowed, and tells the model', async () => {
    const many = Array.from({ length: 5 }, (_, i) => call('add', { i }, `id${i}`));
    const { answer } = run(
      [
        [...many, finish()],
        [say('Enough.'), finish()],
      ],
      { limits: { maxToolCalls: 3 } },
    );
    const { tool_calls, finish_reason, response } = await answer;
    expect(tool_calls.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'skipped', 'skipped']);
    expect({ finish_reason, response }).toEqual({ finish_reason: 'budget', response: 'Enough.' });
  });

  test('does not run a call that the length limit cut off', async () => {
    const { answer } = run([[say('I will'), call('add', '{"n":'), finish('length')]]);
    expect(await answer).toMatchObject({ finish_reason: 'length', tool_calls: [], response: 'I will' });
  });

  test('gives calls with the same id ids of their own', async () => {
    const { answer, requests } = run([
      [call('add', { n: 1 }, 'same'), call('add', { n: 2 }, 'same'), finish()],
      [call('add', { n: 3 }, 'same'), finish()],
      [finish()],
    ]);
    const ids = (await answer).tool_calls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    const answered = requests[2]?.messages.flatMap((message) => (message.role === 'tool' ? [message.callId] : []));
    expect(answered).toEqual(ids);
  });

  test('cuts a long result for the model, not for the caller', async () => {
    const long = `begin${'x'.repeat(100_000)}end`;
    const { answer, requests } = run([[call('add', {}), finish()], [finish()]], {
      callTool: async () => result('add', long),
    });
    const { tool_calls } = await answer;
    expect(tool_calls[0]).toMatchObject({ truncated: true, result: { content: [{ text: long }] } });
    const told = requests[1]?.messages.at(-1)?.content ?? '';
    expect(told.length).toBeLessThan(33_000);
    expect(told).toMatch(/^begin.*characters left out.*end$/s);
  });

  test('fails when the model fails before anything was done', async () => {
    const { answer } = run([new MeshError('upstream_failed', 'no model')]);
    await expect(answer).rejects.toMatchObject({ code: 'upstream_failed', message: 'no model' });
  });

  test('keeps the results of tools when the model fails after them', async () => {
    const { answer } = run([[call('add', { n: 1 }), finish()], new MeshError('upstream_failed', 'no model')]);
    expect(await answer).toMatchObject({
      finish_reason: 'error',
      response: 'The model failed before it could answer: no model',
      tool_calls: [{ status: 'ok' }],
    });
  });

  test('ends when its caller does: the model’s request and the tools’ calls', async () => {
    const caller = new AbortController();
    const aborted: boolean[] = [];
    const { answer } = run([[call('wait', {}), finish()], [finish()]], {
      signal: caller.signal,
      callTool: (name, args, context) => {
        context.signal.addEventListener('abort', () => void aborted.push(true));
        setImmediate(() => caller.abort());
        return callTool(name, args, context);
      },
    });
    expect(await answer).toMatchObject({ finish_reason: 'aborted', tool_calls: [{ status: 'skipped' }] });
    expect(aborted).toEqual([true]);
  });

  test('ends its tools when the time is up, and asks for a last answer', async () => {
    const { answer, requests } = run(
      [
        [call('forever', {}), finish()],
        [say('No time.'), finish()],
      ],
      {
        limits: { maxMs: 4_000 },
      },
    );
    expect(await answer).toMatchObject({
      finish_reason: 'budget',
      response: 'No time.',
      tool_calls: [{ status: 'skipped' }],
    });
    expect(requests[1]?.tools).toEqual([]);
  });
});
