import type { ProviderName } from './provider-name.ts';

/** The providers that answer chats, by the settings. */
export interface ProviderOrder {
  /** For chats that name no provider. */
  readonly defaultProvider: ProviderName;
  /** Providers that answer, in this order, when the first cannot. */
  readonly fallback: readonly ProviderName[];
}

/**
 * Tells whether a caller may choose a provider by its name. The demo is no model: where another provider is set up, only
 * `LLM_FALLBACK` lets it answer.
 */
export const mayChoose = (provider: ProviderName, { defaultProvider, fallback }: ProviderOrder): boolean =>
  provider !== 'demo' || defaultProvider === 'demo' || fallback.includes('demo');
