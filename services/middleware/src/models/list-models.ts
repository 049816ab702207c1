import { cacheFor } from '../cache-for.ts';
import { mayChoose, type ProviderOrder } from './may-choose.ts';
import type { FoundModel } from './provider.ts';
import type { ProviderName } from './provider-name.ts';
import type { Providers } from './providers.ts';

/** A model that a chat may name. */
export interface ListedModel extends FoundModel {
  /** True for the model of a chat that names neither provider nor model. */
  readonly isDefault: boolean;
}

/**
 * Lists the models of all providers that a caller may choose and that can be reached, in at most a few seconds; one that
 * cannot is left out.
 */
export type ListModels = () => Promise<readonly ListedModel[]>;

/** A page asks for it when it opens; a model that was pulled since shows within this time. */
const FRESH_MS = 15_000;
const PROVIDER_MS = 2_500;

/** Makes the list of models, which all callers of {@link FRESH_MS} share. */
export const createModelList = (providers: Providers, order: ProviderOrder): ListModels =>
  cacheFor(FRESH_MS, () => listAll(providers, order));

async function listAll(providers: Providers, order: ProviderOrder): Promise<readonly ListedModel[]> {
  const signal = AbortSignal.timeout(PROVIDER_MS);
  const listOf = async (provider: ProviderName): Promise<readonly FoundModel[]> =>
    mayChoose(provider, order) ? providers[provider].list(signal).catch(() => []) : [];
  const [openai, ollama, demo] = await Promise.all([listOf('openai'), listOf('ollama'), listOf('demo')]);
  // The first of a provider is its default model.
  const preferred = { openai, ollama, demo }[order.defaultProvider][0] ?? demo[0];
  return [...openai, ...ollama, ...demo].map((model) => ({ ...model, isDefault: model === preferred }));
}
