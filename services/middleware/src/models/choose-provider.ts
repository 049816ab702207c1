import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { MiddlewareConfig, ProviderName } from '../config.ts';
import { createDemoModel } from './demo/demo-model.ts';
import { withFittedContext } from './decorators/fitted-model.ts';
import { withBreaker } from './decorators/breaker-model.ts';
import type { Model } from './model.ts';
import { createOllamaModel, ollamaContextTokens } from './ollama/ollama-model.ts';
import { ollamaModelInfo, ollamaModels, type OllamaServer } from './ollama/ollama-server.ts';
import { createOpenAiModel } from './openai/openai-model.ts';
import { openAiWindow } from './openai/openai-windows.ts';
import { providersOf } from './providers.ts';

/** The provider that chats use unless they name one, and why it is that one. */
export interface Choice {
  readonly provider: ProviderName;
  readonly reason: string;
}

const PROBE_MS = 1_500;

const choices = new WeakMap<MiddlewareConfig, Promise<Choice>>();

/**
 * `auto` takes an OpenAI key, then an Ollama that answers and has a model, then demo. Chosen once: what a chat gets does
 * not change while the service runs.
 */
export function chooseProvider(config: MiddlewareConfig): Promise<Choice> {
  const choice = choices.get(config) ?? choose(config);
  choices.set(config, choice);
  return choice;
}

async function choose(config: MiddlewareConfig): Promise<Choice> {
  if (config.LLM_PROVIDER !== 'auto') return { provider: config.LLM_PROVIDER, reason: 'LLM_PROVIDER says so' };
  if (config.OPENAI_API_KEY !== undefined) return { provider: 'openai', reason: 'OPENAI_API_KEY is set' };
  try {
    const models = await ollamaModels(providersOf(config).ollama, AbortSignal.timeout(PROBE_MS));
    if (models.length > 0) return { provider: 'ollama', reason: `Ollama answers at ${config.OLLAMA_HOST}` };
    return { provider: 'demo', reason: `no OPENAI_API_KEY, and the Ollama at ${config.OLLAMA_HOST} has no model` };
  } catch {
    return { provider: 'demo', reason: `no OPENAI_API_KEY, and no Ollama at ${config.OLLAMA_HOST}` };
  }
}

/**
 * Makes the model that a chat asks for: behind its provider's breaker, and with conversations cut to its context.
 * @throws MeshError unavailable that says what is missing
 */
export async function openModel(config: MiddlewareConfig, provider: ProviderName, name?: string): Promise<Model> {
  if (provider === 'demo') return createDemoModel();
  const { openai, ollama, breakers, calibrationOf } = providersOf(config);
  if (provider === 'openai') {
    if (!hasOpenAi(config)) {
      throw new MeshError('unavailable', 'The provider openai cannot be used: OPENAI_API_KEY is not set');
    }
    const model = withBreaker(createOpenAiModel(openai, name ?? config.OPENAI_MODEL), breakers.openai);
    const window = config.OPENAI_CONTEXT_TOKENS ?? openAiWindow(model.name);
    return withFittedContext(model, { windowTokens: async () => window, calibration: calibrationOf(model) });
  }
  const numCtx = config.OLLAMA_NUM_CTX;
  const model = createOllamaModel(ollama, name ?? (await defaultOllamaModel(config)), numCtx);
  return withFittedContext(withBreaker(model, breakers.ollama), {
    windowTokens: (signal) => ollamaContextTokens(ollama, model.name, numCtx, signal),
    calibration: calibrationOf(model),
  });
}

/** Whether there is an OpenAI server to ask: a key for OpenAI's own, or the address of another. */
export const hasOpenAi = ({ OPENAI_API_KEY, OPENAI_BASE_URL }: MiddlewareConfig): boolean =>
  OPENAI_API_KEY !== undefined || OPENAI_BASE_URL !== undefined;

/** @throws MeshError unavailable when there is none */
async function defaultOllamaModel(config: MiddlewareConfig): Promise<string> {
  const { OLLAMA_HOST: host, OLLAMA_MODEL } = config;
  if (OLLAMA_MODEL !== undefined) return OLLAMA_MODEL;
  const cannot = (why: string, cause?: unknown) =>
    new MeshError('unavailable', `The provider ollama cannot be used: ${why}`, { cause });
  const server = providersOf(config).ollama;
  const signal = AbortSignal.timeout(PROBE_MS);
  let first: string | undefined;
  try {
    first = await firstThatTalks(server, await ollamaModels(server, signal), signal);
  } catch (cause) {
    throw cannot(`nothing answers at ${host}`, cause);
  }
  if (first === undefined) throw cannot(`the server at ${host} has no model; pull one or set OLLAMA_MODEL`);
  return first;
}

/** The first model that is for chats: a server may have others, for embeddings. */
export async function firstThatTalks(
  server: OllamaServer,
  models: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const model of models.slice(0, 8)) {
    const { capabilities } = await ollamaModelInfo(server, model, signal);
    if (capabilities?.has('completion') !== false) return model;
  }
  return models[8];
}
