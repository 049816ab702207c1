import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '@toolmesh/shared/test-kit/raw-server';
import { chooseProvider } from '../../src/models/choose-provider.ts';
import { createModelList } from '../../src/models/list-models.ts';
import { mayChat } from '../../src/models/openai/openai-provider.ts';
import { createProviders } from '../../src/models/providers.ts';
import { fakeOllama } from '../fakes/fake-ollama.ts';
import { fakeProvider, json, silence, text } from '../fakes/fake-provider.ts';
import { settings, openModel } from './ask.ts';

let openai: Awaited<ReturnType<typeof fakeProvider>>;
let ollama: Awaited<ReturnType<typeof fakeOllama>>;
let away: string;
beforeAll(async () => {
  openai = await fakeProvider([silence]);
  ollama = await fakeOllama({
    'embed:latest': { capabilities: ['embedding'] },
    'small:latest': { capabilities: ['completion', 'tools'] },
    'big:latest': { capabilities: ['completion', 'tools', 'vision'] },
  });
  away = `http://127.0.0.1:${await freePort()}`;
});
afterAll(async () => {
  await openai.stop();
  await ollama.stop();
});

/** The list of models of a middleware that has just started. */
async function listOf(env: Record<string, string>) {
  const config = settings({ OLLAMA_HOST: away, ...env });
  const providers = createProviders(config);
  const { provider: defaultProvider } = await chooseProvider(config, providers);
  return createModelList(providers, { defaultProvider, fallback: config.LLM_FALLBACK });
}
const list = async (env: Record<string, string>) => (await listOf(env))();
const DEMO = { provider: 'demo', id: 'demo', capabilities: ['tools'], isDefault: false };

describe('the list of models', () => {
  test('has the models of every provider, their capabilities, and the default', async () => {
    openai.play(json({ object: 'list', data: [{ id: 'b' }, { id: 'a' }] }));
    const env = { OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'x', OPENAI_MODEL: 'b', OLLAMA_HOST: ollama.url };
    expect(await list(env)).toEqual([
      { provider: 'openai', id: 'b', isDefault: true },
      { provider: 'openai', id: 'a', isDefault: false },
      { provider: 'ollama', id: 'small:latest', capabilities: ['completion', 'tools'], isDefault: false },
      { provider: 'ollama', id: 'big:latest', capabilities: ['completion', 'tools', 'vision'], isDefault: false },
    ]);
  });

  test('has the demo beside others only where it may answer instead of them', async () => {
    expect(await list({ OLLAMA_HOST: ollama.url })).not.toContainEqual(DEMO);
    expect(await list({ OLLAMA_HOST: ollama.url, LLM_FALLBACK: 'demo' })).toContainEqual(DEMO);
    expect(await list({ OLLAMA_HOST: ollama.url, LLM_PROVIDER: 'demo' })).toContainEqual({ ...DEMO, isDefault: true });
  });

  test('has the demo alone, as the default, when nothing else can be reached', async () => {
    expect(await list({})).toEqual([{ ...DEMO, isDefault: true }]);
  });

  test('marks the model of a chat that names none', async () => {
    const env = { OLLAMA_HOST: ollama.url };
    const preferred = (await list(env)).find(({ isDefault }) => isDefault);
    expect(preferred).toMatchObject({ provider: 'ollama', id: 'small:latest' });
    expect((await openModel(settings(env), 'ollama')).name).toBe('small:latest');
    const named = await list({ OLLAMA_HOST: ollama.url, OLLAMA_MODEL: 'big' });
    expect(named[0]).toMatchObject({ provider: 'ollama', id: 'big:latest', isDefault: true });
  });

  test.each([
    ['refuses', text('no', 401)],
    ['is silent', silence],
  ])('comes without a provider that %s', async (_name, behaviour) => {
    openai.play(behaviour);
    const found = await list({ OPENAI_BASE_URL: openai.url, OPENAI_API_KEY: 'x', OLLAMA_HOST: ollama.url });
    expect(found.map(({ provider }) => provider)).toEqual(['ollama', 'ollama']);
  });

  test('has the configured model of a server that lists none', async () => {
    openai.play(text('<html>'));
    const found = await list({ OPENAI_BASE_URL: openai.url, OPENAI_MODEL: 'mine' });
    expect(found.map(({ id }) => id)).toEqual(['mine', 'demo']);
  });

  test('is read once for all requests within a few seconds', async () => {
    openai.play(json({ data: [{ id: 'a' }] }));
    const listModels = await listOf({ OPENAI_BASE_URL: openai.url, OPENAI_MODEL: 'a' });
    const lists = await Promise.all([1, 2, 3].map(() => listModels()));
    expect(await listModels()).toBe(lists[0]);
    expect(openai.requests).toHaveLength(1);
  });

  test('leaves out OpenAI models that do not chat', () => {
    const listed = [
      'gpt-5-mini',
      'whisper-1',
      'text-embedding-3-small',
      'gpt-4o',
      'gpt-4o-realtime-preview',
      'dall-e-3',
      'o4-mini',
    ];
    expect(listed.filter(mayChat)).toEqual(['gpt-5-mini', 'gpt-4o', 'o4-mini']);
  });
});
