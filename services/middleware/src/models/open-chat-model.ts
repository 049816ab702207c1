import type { MiddlewareConfig, ProviderName } from '../config.ts';
import type { ChatMetrics } from '../telemetry/chat-metrics.ts';
import { type Choice, openModel } from './choose-provider.ts';
import { openWithFallback } from './decorators/fallback-model.ts';
import type { Model } from './model.ts';
import { withRetries } from './decorators/retrying-model.ts';
import { traceModel } from '../telemetry/chat-spans.ts';

export interface ModelParts {
  readonly config: MiddlewareConfig;
  readonly choice: Choice;
  readonly metrics: ChatMetrics;
}

/** Whom a chat asks; what it leaves open is the configuration's to say. */
export interface AskedModel {
  readonly provider: ProviderName | undefined;
  readonly model: string | undefined;
}

/**
 * The model that answers a chat: timed, asked again where that may help, and with `LLM_FALLBACK` behind it, whose models
 * are their providers' default ones. @throws MeshError when none of them can be used
 */
export async function openChatModel({ config, choice, metrics }: ModelParts, asked: AskedModel): Promise<Model> {
  const { provider: first = choice.provider, model: name } = asked;
  const open = async (provider: ProviderName): Promise<Model> => {
    const named = provider === first ? name : undefined;
    const model = await openModel(config, provider, named);
    // A caller may name any model: a label per name would grow without bound.
    const timed = metrics.timed(traceModel(model), named === undefined ? model.name : 'other');
    return withRetries(timed, config.LLM_RETRIES, () => metrics.countRetry(provider));
  };
  const others = config.LLM_FALLBACK.filter((provider) => provider !== first);
  if (others.length === 0) return open(first);
  return openWithFallback([first, ...others].map((provider) => ({ provider, open: () => open(provider) })));
}
