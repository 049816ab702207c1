import type { MiddlewareConfig, ProviderName } from './config.ts';
import type { ChatMetrics } from './metrics.ts';
import { type Choice, openModel } from './models/choose-model.ts';
import type { Model } from './models/model.ts';
import { withRetries } from './models/retrying-model.ts';

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

/** The model that answers a chat: timed, and asked again where that may help. @throws MeshError when it cannot be used. */
export async function openChatModel({ config, choice, metrics }: ModelParts, asked: AskedModel): Promise<Model> {
  const { provider = choice.provider, model: name } = asked;
  const model = await openModel(config, provider, name);
  // A caller may name any model: a label per name would grow without bound.
  const timed = metrics.timed(model, name === undefined ? model.name : 'other');
  return withRetries(timed, config.LLM_RETRIES, () => metrics.countRetry(provider));
}
