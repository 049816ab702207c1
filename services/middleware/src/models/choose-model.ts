import { MeshError } from '@toolmesh/shared/errors';
import type { MiddlewareConfig, ProviderName } from '../config.ts';
import { createDemoModel } from './demo/demo-model.ts';
import type { Model } from './model.ts';
import { createOllamaModel, ollamaModels } from './ollama.ts';
import { createOpenAiModel } from './openai.ts';

/** The provider that chats use unless they name one, and why it is that one. */
export interface Choice {
  readonly provider: ProviderName;
  readonly reason: string;
}

const PROBE_MS = 1_500;

/** `auto` takes an OpenAI key, then an Ollama that answers and has a model, then demo. */
export async function chooseProvider(config: MiddlewareConfig): Promise<Choice> {
  if (config.LLM_PROVIDER !== 'auto') return { provider: config.LLM_PROVIDER, reason: 'LLM_PROVIDER says so' };
  if (config.OPENAI_API_KEY !== undefined) return { provider: 'openai', reason: 'OPENAI_API_KEY is set' };
  try {
    const models = await ollamaModels(config.OLLAMA_HOST, AbortSignal.timeout(PROBE_MS));
    if (models.length > 0) return { provider: 'ollama', reason: `Ollama answers at ${config.OLLAMA_HOST}` };
    return { provider: 'demo', reason: `no OPENAI_API_KEY, and the Ollama at ${config.OLLAMA_HOST} has no model` };
  } catch {
    return { provider: 'demo', reason: `no OPENAI_API_KEY, and no Ollama at ${config.OLLAMA_HOST}` };
  }
}

/** Makes the model that a chat asks for. @throws MeshError unavailable that says what is missing. */
export async function openModel(config: MiddlewareConfig, provider: ProviderName, name?: string): Promise<Model> {
  const timeoutMs = config.LLM_TIMEOUT_MS;
  if (provider === 'demo') return createDemoModel();
  if (provider === 'openai') {
    const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl, OPENAI_MODEL } = config;
    // Servers of one's own mostly want no key; the SDK wants one to send.
    if (apiKey === undefined && baseUrl === undefined) {
      throw new MeshError('unavailable', 'The provider openai cannot be used: OPENAI_API_KEY is not set');
    }
    return createOpenAiModel({ apiKey: apiKey ?? 'none', baseUrl, model: name ?? OPENAI_MODEL, timeoutMs });
  }
  const { OLLAMA_HOST: host, OLLAMA_NUM_CTX: numCtx } = config;
  const model = name ?? config.OLLAMA_MODEL ?? (await firstOllamaModel(host));
  return createOllamaModel({ host, model, numCtx, timeoutMs });
}

async function firstOllamaModel(host: string): Promise<string> {
  const cannot = (why: string, cause?: unknown) =>
    new MeshError('unavailable', `The provider ollama cannot be used: ${why}`, { cause });
  const [first] = await ollamaModels(host, AbortSignal.timeout(PROBE_MS)).catch((cause: unknown) => {
    throw cannot(`nothing answers at ${host}`, cause);
  });
  if (first === undefined) throw cannot(`the server at ${host} has no model; pull one or set OLLAMA_MODEL`);
  return first;
}
