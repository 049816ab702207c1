import type { MiddlewareConfig } from '../config.ts';
import type { ProviderName } from './provider-name.ts';
import type { Providers } from './providers.ts';

/** The provider that chats use unless they name one, and why it is that one. */
export interface Choice {
  readonly provider: ProviderName;
  readonly reason: string;
}

const PROBE_MS = 1_500;

/**
 * Chooses the default provider. `auto` takes an OpenAI key, then an Ollama that answers and has a model, then the demo.
 * Called once at the start: what a chat gets does not change while the service runs.
 */
export async function chooseProvider(
  config: Pick<MiddlewareConfig, 'LLM_PROVIDER' | 'OPENAI_API_KEY' | 'OLLAMA_HOST'>,
  { ollama }: Pick<Providers, 'ollama'>,
): Promise<Choice> {
  const { LLM_PROVIDER: provider, OPENAI_API_KEY: key, OLLAMA_HOST: host } = config;
  if (provider !== 'auto') return { provider, reason: 'LLM_PROVIDER says so' };
  if (key !== undefined) return { provider: 'openai', reason: 'OPENAI_API_KEY is set' };
  try {
    if (await ollama.hasModels(AbortSignal.timeout(PROBE_MS))) {
      return { provider: 'ollama', reason: `Ollama answers at ${host}` };
    }
    return { provider: 'demo', reason: `no OPENAI_API_KEY, and the Ollama at ${host} has no model` };
  } catch {
    return { provider: 'demo', reason: `no OPENAI_API_KEY, and no Ollama at ${host}` };
  }
}
