import type { MiddlewareConfig, ProviderName } from './config.ts';
import { ollamaModels } from './models/ollama.ts';

/** The models that can be asked for: those of servers that are configured or answer, and demo. */
export async function listModels(
  config: MiddlewareConfig,
  signal: AbortSignal,
): Promise<readonly { readonly provider: ProviderName; readonly id: string }[]> {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, OLLAMA_HOST } = config;
  const hasOpenAi = OPENAI_API_KEY !== undefined || OPENAI_BASE_URL !== undefined;
  const ollama = await ollamaModels(OLLAMA_HOST, signal).catch(() => []);
  return [
    ...(hasOpenAi ? [{ provider: 'openai' as const, id: OPENAI_MODEL }] : []),
    ...ollama.map((id) => ({ provider: 'ollama' as const, id })),
    { provider: 'demo', id: 'demo' },
  ];
}
