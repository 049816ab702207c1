import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ChatMetrics } from '../telemetry/chat-metrics.ts';
import { adaptModel } from './decorators/adapted-model.ts';
import { withBreaker } from './decorators/breaker-model.ts';
import { openWithFallback } from './decorators/fallback-model.ts';
import { withFittedContext } from './decorators/fitted-model.ts';
import { observeModel } from './decorators/observed-model.ts';
import { withRetries } from './decorators/retrying-model.ts';
import { mayChoose, type ProviderOrder } from './may-choose.ts';
import type { Model } from './model.ts';
import type { Provider } from './provider.ts';
import type { ProviderName } from './provider-name.ts';
import type { Providers } from './providers.ts';

/** The model that a chat asks for; what it leaves open is the default's. */
export interface ModelChoice {
  readonly provider: ProviderName | undefined;
  readonly model: string | undefined;
}

export interface ModelOpenerOptions extends ProviderOrder {
  readonly providers: Providers;
  /** Tries after the first. */
  readonly retries: number;
  readonly metrics: Pick<ChatMetrics, 'countRetry' | 'modelTimers'>;
}

/**
 * Opens the model for one run. `boundary` marks tool results for it, see `adaptModel`.
 * @throws MeshError when no provider can be used, or when a caller may not choose the one that it names
 */
export type OpenModel = (choice: ModelChoice, boundary: string) => Promise<Model>;

/**
 * Makes models for chats. All layers around a provider's model are put together here, the innermost first: breaker and
 * context window (`openGuarded`), metrics and span, retries, fallback, names and marks of tools.
 */
export function createModelOpener(options: ModelOpenerOptions): OpenModel {
  const { providers, defaultProvider, fallback, retries, metrics } = options;

  const openObserved = async (provider: ProviderName, name: string | undefined): Promise<Model> => {
    const model = await openGuarded(providers[provider], name);
    // A caller may name any model: a label per name would grow without bound.
    const observed = observeModel(model, name === undefined ? model.name : 'other', metrics.modelTimers);
    if (providers[provider].server === undefined) return observed;
    return withRetries(observed, retries, () => metrics.countRetry(provider));
  };

  return async (choice, boundary) => {
    const { provider: first = defaultProvider, model: name } = choice;
    if (!mayChoose(first, options)) throw notChoosable(defaultProvider);
    const others = fallback.filter((provider) => provider !== first);
    const candidates = [
      { provider: first, open: () => openObserved(first, name) },
      // The name is one of the first provider's: the others answer with their default models.
      ...others.map((provider) => ({ provider, open: () => openObserved(provider, undefined) })),
    ];
    const model = others.length === 0 ? await openObserved(first, name) : await openWithFallback(candidates);
    return adaptModel(model, boundary);
  };
}

const notChoosable = (defaultProvider: ProviderName): MeshError =>
  new MeshError(
    'invalid_request',
    `The provider demo cannot be chosen here: ${defaultProvider} is set up, and LLM_FALLBACK does not name demo. ` +
      'Leave out the provider, or choose a model from GET /v1/models',
  );

/** Opens a provider's model behind its breaker, and with conversations cut to its context window. */
export async function openGuarded({ open, server }: Provider, name?: string): Promise<Model> {
  const model = await open(name);
  if (server === undefined) return model;
  return withFittedContext(withBreaker(model, server.breakerOf(model.name)), {
    windowTokens: (signal) => server.windowTokens(model.name, signal),
    calibration: server.calibrationOf(model.name),
  });
}
