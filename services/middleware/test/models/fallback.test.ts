import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { post } from '@toolmesh/shared/test-kit/requests';
import { serveTools } from '@toolmesh/shared/test-kit/serve-tools';
import { serveInProcess } from '@toolmesh/shared/test-kit/serve-in-process';
import { createDemoModel } from '../../src/models/demo/demo-model.ts';
import { type Candidate, openWithFallback } from '../../src/models/decorators/fallback-model.ts';
import type { ProviderName } from '../../src/models/provider-name.ts';
import { fakeOllama } from '../fakes/fake-ollama.ts';
import { fakeProvider, silence, text } from '../fakes/fake-provider.ts';
import { frame, ask, pieces, say, settings, stop, stream, openModel } from './ask.ts';
import { middleware as service } from '../../src/service.ts';

let openai: Awaited<ReturnType<typeof fakeProvider>>;
let ollama: Awaited<ReturnType<typeof fakeOllama>>;
beforeAll(async () => {
  openai = await fakeProvider([silence]);
  ollama = await fakeOllama({ small: { capabilities: ['completion'], answer: [{ content: 'from Ollama' }] } });
});
afterAll(async () => {
  await openai.stop();
  await ollama.stop();
});
beforeEach(() => openai.play(text('x', 500)));

/** The providers of a middleware that has just started, in this order. */
function candidates(providers: readonly ProviderName[], env: Record<string, string> = {}): readonly Candidate[] {
  const config = settings({ OPENAI_BASE_URL: openai.url, OPENAI_MODEL: 'big', OLLAMA_HOST: ollama.url, ...env });
  return providers.map((provider) => ({ provider, open: () => openModel(config, provider) }));
}
const taken = (events: readonly object[]) => events.filter((event) => 'type' in event && event.type === 'notice');

describe('a chain of providers', () => {
  test('uses the first provider while it answers', async () => {
    openai.play(stream(say('from OpenAI'), stop));
    const model = await openWithFallback(candidates(['openai', 'ollama', 'demo']));
    expect(model).toMatchObject({ provider: 'openai', name: 'big' });
    expect(await ask(model)).toMatchObject({ text: 'from OpenAI', notices: [] });
  });

  test('moves to the next provider when the first fails, names it and the reason, and stays with it', async () => {
    const model = await openWithFallback(candidates(['openai', 'ollama', 'demo']));
    const reply = await ask(model);
    expect(reply.text).toBe('from Ollama');
    expect(reply.events[0]).toEqual({
      type: 'notice',
      code: 'fallback',
      message: 'openai (big) cannot answer: The OpenAI server answered 500: x. ollama (small) answers instead',
      answeredBy: { provider: 'ollama', model: 'small' },
    });
    expect(await ask(model)).toMatchObject({ text: 'from Ollama', notices: [] });
    expect(openai.requests).toHaveLength(1);
  });

  test('skips a provider that cannot be used at all', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    const model = await openWithFallback(candidates(['openai', 'ollama', 'demo'], { OLLAMA_HOST: away }));
    const reply = await ask(model);
    expect(reply.text).toMatch(/^This is the demo provider/);
    expect(taken(reply.events)).toMatchObject([{ answeredBy: { provider: 'demo', model: 'demo' } }]);
  });

  test('begins with the first that can be opened, and says so', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    const model = await openWithFallback(candidates(['ollama', 'demo'], { OLLAMA_HOST: away }));
    expect(model).toMatchObject({ provider: 'demo', name: 'demo' });
    const [notice] = (await ask(model)).events;
    expect(notice).toMatchObject({
      code: 'fallback',
      message: expect.stringMatching(/^ollama cannot answer: .*demo answers instead$/),
    });
  });

  test('does not move on once an answer has begun', async () => {
    openai.play(pieces([frame(say('Hel'))], 'hang up'));
    const reply = await ask(await openWithFallback(candidates(['openai', 'ollama'])));
    expect(reply).toMatchObject({ text: 'Hel', notices: [], error: { code: 'upstream_failed' } });
  });

  test('does not move on for a bad request, nor for a caller who has left', async () => {
    const failing = (error: unknown): Candidate => ({
      provider: 'openai',
      open: async () => ({
        ...createDemoModel(),
        async *respond() {
          yield* [];
          throw error;
        },
      }),
    });
    const demo: Candidate = { provider: 'demo', open: async () => createDemoModel() };
    const tooLong = new MeshError('invalid_request', 'too long');
    expect(await ask(await openWithFallback([failing(tooLong), demo]))).toMatchObject({ events: [], error: tooLong });
    const left = AbortSignal.abort(new Error('left'));
    const gone = await ask(await openWithFallback([failing(new MeshError('upstream_failed', 'x')), demo]), {
      signal: left,
    });
    expect(gone).toMatchObject({ events: [], error: { message: 'left' } });
  });

  test('names every provider that was tried when none can answer', async () => {
    const away = `http://127.0.0.1:${await freePort()}`;
    const { error } = await ask(await openWithFallback(candidates(['openai', 'ollama'], { OLLAMA_HOST: away })));
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^No provider can answer\. openai \(big\): .* 500.*; ollama: .*nothing answers at /,
      ),
    });
    await expect(openWithFallback(candidates(['ollama'], { OLLAMA_HOST: away }))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`nothing answers at ${away}`),
    });
  });
});

describe('LLM_FALLBACK', () => {
  test('is read as a list of providers', () => {
    expect(settings({ LLM_FALLBACK: 'ollama, demo,' }).LLM_FALLBACK).toEqual(['ollama', 'demo']);
    expect(settings({}).LLM_FALLBACK).toEqual([]);
    expect(() => settings({ LLM_FALLBACK: 'oracle' })).toThrow(/LLM_FALLBACK/);
  });

  test('has a chat answered by the next provider, and by the first one again when that can', async () => {
    const hub = await serveTools([]);
    const middleware = await serveInProcess(service, {
      MCP_SERVER_URL: hub.url,
      OPENAI_API_KEY: 'x',
      OPENAI_BASE_URL: openai.url,
      OLLAMA_HOST: ollama.url,
      LLM_RETRIES: '0',
      LLM_FALLBACK: 'ollama,demo',
    });
    const chat = async (body: object) => (await post(`${middleware.url}/chat`, body)).body.response;
    try {
      expect(await chat({ message: 'hi' })).toBe('from Ollama');
      openai.play(stream(say('from OpenAI'), stop));
      expect(await chat({ message: 'hi' })).toBe('from OpenAI');
      expect(await chat({ message: 'hi', provider: 'ollama', model: 'none' })).toMatch(/^This is the demo provider/);
    } finally {
      await middleware.stop(0);
      await hub.stop(0);
    }
  });
});
