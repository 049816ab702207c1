import type { MiddlewareConfig } from './config.ts';
import { ollamaModels } from './models/ollama.ts';

const TIMEOUT_MS = 1_500;

/** The models that can be asked for, as `provider/model`: those of servers that are configured or answer, and demo. */
export async function listModels(config: MiddlewareConfig): Promise<readonly string[]> {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, OLLAMA_HOST } = config;
  const hasOpenAi = OPENAI_API_KEY !== undefined || OPENAI_BASE_URL !== undefined;
  const ollama = await ollamaModels(OLLAMA_HOST, AbortSignal.timeout(TIMEOUT_MS)).catch(() => []);
  return [...(hasOpenAi ? [`openai/${OPENAI_MODEL}`] : []), ...ollama.map((name) => `ollama/${name}`), 'demo'];
}
