import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { endWithTest } from '@toolmesh/shared/test-kit/end-with-test';
import { post, request } from '@toolmesh/shared/test-kit/requests';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { StartFailure } from '@toolmesh/shared/test-kit/service-process';
import { defineTool } from '@toolmesh/shared/kit/tools/tool';
import { z } from 'zod';
import { startMiddleware as start, startMiddlewareProcess } from '../fakes/start-middleware.ts';

const time = defineTool({
  name: 'get_current_time',
  description: 'Tells the time.',
  input: z.object({ timezone: z.string() }),
  output: z.object({ time: z.string(), timezone: z.string() }),
  run: async ({ timezone }) => {
    await sleep(50);
    return { time: 'noon', timezone };
  },
});

const startHub = async (port = 0) => endWithTest(await serveTools([time], {}, { port }));

describe('the middleware', () => {
  test('refuses a body that is no chat, naming the field', async () => {
    const middleware = await start({ MCP_SERVER_URL: (await startHub()).url });
    const chat = (body: unknown) => post(`${middleware.url}/chat`, body);
    const refusals: [unknown, string][] = [
      [{}, ''],
      [{ message: '' }, 'message'],
      [{ message: 5 }, 'message'],
      [{ message: 'a', messages: [{ role: 'user', content: 'b' }] }, ''],
      [{ messages: [{ role: 'user' }] }, 'messages[0]'],
      [{ messages: [{ role: 'wizard', content: 'x' }] }, 'messages[0].role'],
      [{ messages: [{ role: 'assistant', content: 'x' }] }, 'messages'],
      [{ message: 'x', max_steps: 0 }, 'max_steps'],
      [{ message: 'x', max_steps: 51 }, 'max_steps'],
      [{ message: 'x', provider: 'oracle' }, 'provider'],
      [{ message: 'x', session_id: 'a b' }, 'session_id'],
    ];
    for (const [body, path] of refusals) {
      const answer = await chat(body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_request' } } });
      expect(answer.body.error.details[0].path).toBe(path);
    }
    expect((await chat({ message: 'hi', unknown: true })).status).toBe(200);
    expect((await request(`${middleware.url}/chat`, { method: 'POST', body: '{' })).status).toBe(400);
  });

  test('returns the caller’s session and trace', async () => {
    const middleware = await start({ MCP_SERVER_URL: (await startHub()).url });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const { body } = await post(`${middleware.url}/chat`, { message: 'hi', session_id: 'mine' }, { headers });
    expect(body).toMatchObject({
      session_id: 'mine',
      trace_id: traceId,
      provider: 'demo',
      model: 'demo',
      finish_reason: 'stop',
    });
  });

  test('lists the hub’s tools and calls them directly, by both forms of a call', async () => {
    const middleware = await start({ MCP_SERVER_URL: (await startHub()).url });
    expect((await request(`${middleware.url}/tools`)).body.tools).toMatchObject([
      { name: 'get_current_time', input_schema: { type: 'object' } },
    ]);
    const execute = (body: unknown) => post(`${middleware.url}/execute`, body);
    for (const body of [
      { name: 'get_current_time', parameters: { timezone: 'UTC' } },
      { tool: 'get_current_time', arguments: { timezone: 'UTC' } },
    ]) {
      expect(await execute(body)).toMatchObject({
        status: 200,
        body: { tool: 'get_current_time', is_error: false, structured_content: { time: 'noon' } },
      });
    }
    expect(await execute({ name: 'get_curent_time' })).toMatchObject({
      status: 404,
      body: { error: { code: 'tool_not_found', details: { did_you_mean: ['get_current_time'] } } },
    });
    expect(await execute({ name: 'get_current_time', parameters: {} })).toMatchObject({
      status: 422,
      body: { error: { details: [{ path: 'timezone' }] } },
    });
    expect((await execute({ parameters: {} })).status).toBe(400);
  });

  test('answers without its hub, reports it, and has the tools again as soon as the hub is back', async () => {
    const hub = await startHub();
    const middleware = await start({ MCP_SERVER_URL: hub.url });
    const ask = () => post(`${middleware.url}/chat`, { message: 'what time is it?' });
    expect((await ask()).body.response).toBe('Current time in UTC: noon');
    await hub.stop(0);
    await sleep(1_100);
    const without = await ask();
    expect(without).toMatchObject({
      status: 200,
      body: { tool_calls: [], response: expect.stringContaining('not available') },
    });
    expect((await request(`${middleware.url}/health`)).body).toMatchObject({
      status: 'degraded',
      services: {
        mcp_server: { status: 'unhealthy', detail: expect.stringContaining('cannot be reached') },
        llm: { status: 'healthy' },
      },
    });
    expect(await request(`${middleware.url}/ready`)).toMatchObject({
      status: 503,
      body: { checks: { mcp_server: { status: 'failed' } } },
    });
    expect(await post(`${middleware.url}/execute`, { name: 'get_current_time' })).toMatchObject({
      status: 502,
      body: { error: { code: 'upstream_failed' } },
    });
    await startHub(hub.port);
    expect((await ask()).body.response).toBe('Current time in UTC: noon');
  });

  test('names the missing setting of a provider', async () => {
    const middleware = await start({ MCP_SERVER_URL: (await startHub()).url });
    const chat = (provider: string) => post(`${middleware.url}/chat`, { message: 'hi', provider });
    expect(await chat('openai')).toMatchObject({
      status: 503,
      body: { error: { code: 'unavailable', message: expect.stringContaining('OPENAI_API_KEY') } },
    });
    expect(await chat('ollama')).toMatchObject({
      status: 503,
      body: { error: { code: 'unavailable', message: expect.stringContaining('nothing answers at http://127.0.0.1') } },
    });
    expect((await chat('demo')).status).toBe(200);
  });

  test('refuses the demo where another provider is set up, unless it may answer instead', async () => {
    const env = { MCP_SERVER_URL: (await startHub()).url, OPENAI_API_KEY: 'x', OPENAI_BASE_URL: 'http://127.0.0.1:1' };
    const choices = [{ provider: 'demo' }, { model: 'demo' }, { provider: 'demo', model: 'demo' }, { model: 'demo/x' }];
    const statuses = async (more: Record<string, string>) => {
      const { url } = await start({ ...env, ...more });
      return Promise.all(
        choices.map(async (choice) => {
          const { status, body } = await post(`${url}/chat`, { message: 'hi', ...choice });
          return body.error?.code ?? status;
        }),
      );
    };
    expect(await statuses({})).toEqual(choices.map(() => 'invalid_request'));
    expect(await statuses({ LLM_FALLBACK: 'demo' })).toEqual(choices.map(() => 200));
    expect(await statuses({ LLM_PROVIDER: 'demo' })).toEqual(choices.map(() => 200));
  });

  test.each(['/chat', '/v1/chat/completions'])(
    'refuses a body of nothing but mistakes in few words at %s',
    async (path) => {
      const { url } = await start({ MCP_SERVER_URL: (await startHub()).url });
      const mistakes = (unit: unknown) => Array.from({ length: 100_000 }, () => unit);
      const user = { role: 'user', content: 'hi' };
      const bodies = [
        { messages: mistakes({}) },
        { messages: [{ role: 'user', parts: mistakes({}) }] },
        { messages: [user], tools: path === '/chat' ? { include: mistakes(1) } : mistakes(1) },
      ];
      for (const sent of bodies) {
        const { status, body } = await post(`${url}${path}`, sent);
        expect({ status, code: body.error?.code, isShort: JSON.stringify(body).length < 10_000 }).toEqual({
          status: 400,
          code: 'invalid_request',
          isShort: true,
        });
      }
    },
  );

  test('turns chats away when too many are under way', async () => {
    const middleware = await start({ MCP_SERVER_URL: (await startHub()).url, CHAT_MAX_RUNS: '1' });
    const ask = () => post(`${middleware.url}/chat`, { message: 'what time is it?' });
    await ask();
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ status }) => status).filter((status) => status === 503)).toHaveLength(2);
    expect((await ask()).status).toBe(200);
  });

  test('does not start with invalid settings', async () => {
    const env = { LLM_PROVIDER: 'oracle', OLLAMA_NUM_CTX: 'many', MCP_SERVER_URL: 'nowhere' };
    const failure = await startMiddlewareProcess(env).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    for (const name of Object.keys(env))
      expect(failure).toMatchObject({ code: 78, message: expect.stringContaining(name) });
  });
});
