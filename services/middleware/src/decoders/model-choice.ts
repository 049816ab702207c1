import { DEFAULT_MODEL } from '@toolmesh/shared/contracts/models';
import type { ModelChoice } from '../models/open-model.ts';
import { ProviderName } from '../models/provider-name.ts';

/** `toolmesh` is the default; `ollama/qwen3` names provider and model, `demo` a provider, anything else a model. */
export function modelChoiceOf(name: string | null | undefined): ModelChoice {
  if (name == null || name === '' || name === DEFAULT_MODEL) return { provider: undefined, model: undefined };
  const [first = '', ...rest] = name.split('/');
  const provider = ProviderName.safeParse(first).data;
  if (provider === undefined) return { provider, model: name };
  const model = rest.join('/');
  return { provider, model: model === '' || provider === 'demo' ? undefined : model };
}

/** The same where a provider may be named beside the model, as it is or as it is listed. */
export function chosenModel(provider: ProviderName | undefined, name: string): ModelChoice {
  const choice = modelChoiceOf(name);
  if (provider === undefined || choice.provider === provider) return choice;
  // The slash is of the model's own name, or the name says nothing of a provider.
  return { provider, model: choice.provider === undefined ? choice.model : name };
}
