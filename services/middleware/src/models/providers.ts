import type { MiddlewareConfig } from '../config.ts';
import { createDemoModel } from './demo/demo-model.ts';
import { createOllamaProvider, type OllamaProvider } from './ollama/ollama-provider.ts';
import { createOpenAiProvider } from './openai/openai-provider.ts';
import type { Provider } from './provider.ts';
import type { ProviderName } from './provider-name.ts';

/** The providers that a configuration names, with what is learnt of them while the service runs. */
export interface Providers extends Readonly<Record<ProviderName, Provider>> {
  readonly ollama: OllamaProvider;
}

/** Makes the providers, once for a service, so that all chats share connections, breakers and what was learnt. */
export const createProviders = (config: MiddlewareConfig): Providers => ({
  openai: createOpenAiProvider(config),
  ollama: createOllamaProvider(config),
  demo: {
    open: async () => createDemoModel(),
    list: async () => [{ provider: 'demo', id: 'demo', capabilities: ['tools'] }],
  },
});
