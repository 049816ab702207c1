import type { MiddlewareConfig, ProviderName } from '../config.ts';
import { chooseProvider, firstThatTalks, hasOpenAi } from './choose-provider.ts';
import { ollamaModelInfo, ollamaModels } from './ollama/ollama-server.ts';
import { listOpenAiModels } from './openai/openai-model.ts';
import { providersOf } from './providers.ts';

/** A model that a chat may name. */
export interface ListedModel {
  readonly provider: ProviderName;
  readonly id: string;
  /** `tools`, `vision`, `thinking` and others, where the provider says. */
  readonly capabilities?: readonly string[];
  /** Whether a chat that names neither provider nor model gets this one. */
  readonly isDefault: boolean;
}

type Found = Omit<ListedModel, 'isDefault'>;

interface Listing {
  readonly models: Promise<readonly ListedModel[]>;
  readonly until: number;
}

/** A page asks for it when it opens; a model that was pulled since shows within this time. */
const FRESH_MS = 15_000;
const PROVIDER_MS = 2_500;
const MAX_MODELS = 500;
/** Ollama says what a model can do only one by one. */
const MAX_LOOKED_INTO = 32;

const listings = new WeakMap<MiddlewareConfig, Listing>();

/**
 * The models of all providers that can be reached, in at most a few seconds; one that cannot be is left out. The demo
 * is always there, so the list is never empty.
 * @throws only what `signal` was aborted with
 */
export async function listModels(config: MiddlewareConfig, signal: AbortSignal): Promise<readonly ListedModel[]> {
  signal.throwIfAborted();
  const fresh = listings.get(config);
  if (fresh !== undefined && performance.now() < fresh.until) return fresh.models;
  // For whoever else asks meanwhile, too: it does not end because this caller leaves.
  const models = listAll(config, AbortSignal.timeout(PROVIDER_MS));
  listings.set(config, { models, until: performance.now() + FRESH_MS });
  return models;
}

async function listAll(config: MiddlewareConfig, signal: AbortSignal): Promise<readonly ListedModel[]> {
  const listOf = (models: Promise<readonly Found[]>) => models.catch((): readonly Found[] => []);
  const [{ provider }, openai, ollama] = await Promise.all([
    chooseProvider(config),
    listOf(listOpenAi(config, signal)),
    listOf(listOllama(config, signal)),
  ]);
  const demo: Found = { provider: 'demo', id: 'demo', capabilities: ['tools'] };
  // The first of a provider is the one that it takes when a chat names none.
  const lists = { openai, ollama, demo: [demo] };
  const preferred = lists[provider][0] ?? demo;
  return Object.values(lists)
    .flat()
    .map((model) => ({ ...model, isDefault: model === preferred }));
}

/** Models of OpenAI's that do not chat by this API, by their names: the list itself does not say. */
const NO_CHAT =
  /embedding|whisper|tts|dall-e|moderation|image|realtime|audio|transcribe|sora|babbage|davinci|instruct|search-api|codex|deep-research/;

/** Whether a model of OpenAI's own, by its name, takes chats. */
export const mayChat = (id: string): boolean => !NO_CHAT.test(id);

async function listOpenAi(config: MiddlewareConfig, signal: AbortSignal): Promise<readonly Found[]> {
  if (!hasOpenAi(config)) return [];
  const listed = await listOpenAiModels(providersOf(config).openai, signal);
  const own = config.OPENAI_BASE_URL === undefined;
  const usable = own ? listed.filter(mayChat) : listed;
  const ids = new Set([config.OPENAI_MODEL, ...usable.toSorted()]);
  return [...ids].slice(0, MAX_MODELS).map((id) => ({ provider: 'openai', id }));
}

async function listOllama(config: MiddlewareConfig, signal: AbortSignal): Promise<readonly Found[]> {
  const server = providersOf(config).ollama;
  const names = await ollamaModels(server, signal);
  const found = await Promise.all(
    names.slice(0, MAX_MODELS).map(async (id, index): Promise<Found> => {
      const model = { provider: 'ollama', id } as const;
      if (index >= MAX_LOOKED_INTO) return model;
      const { capabilities } = await ollamaModelInfo(server, id, signal).catch(() => ({ capabilities: undefined }));
      return capabilities === undefined ? model : { ...model, capabilities: [...capabilities] };
    }),
  );
  const chatting = found.filter(({ capabilities }) => capabilities?.includes('completion') !== false);
  const first = config.OLLAMA_MODEL ?? (await firstThatTalks(server, names, signal).catch(() => undefined));
  const named = (id: string) => id === first || id === `${first}:latest`;
  return [...chatting.filter(({ id }) => named(id)), ...chatting.filter(({ id }) => !named(id))];
}
