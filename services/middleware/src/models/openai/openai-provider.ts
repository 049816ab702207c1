import { createBreaker } from '@toolmesh/shared/kit/faults/resilience';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { MiddlewareConfig } from '../../config.ts';
import { createTransport } from '../exchange.ts';
import { createCalibration } from '../context/calibration.ts';
import { createLearnt, createPerModel } from '../learnt.ts';
import { clocksOf } from '../provider-clocks.ts';
import type { Provider } from '../provider.ts';
import { OPENAI, type OpenAiServer } from './openai-server.ts';
import { openAiWindow } from './openai-windows.ts';

const MAX_LISTED = 500;

/** Makes the provider for OpenAI and for servers that speak its chat completions. The SDK is loaded when it is used. */
export function createOpenAiProvider(config: MiddlewareConfig): Provider {
  const { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseUrl, OPENAI_MODEL: defaultModel } = config;
  const isSet = key !== undefined || baseUrl !== undefined;
  const server: OpenAiServer = {
    // Self-hosted servers mostly need no key; the SDK needs one to send.
    apiKey: key ?? 'none',
    baseUrl,
    open: createTransport(OPENAI, clocksOf(config)),
    refusals: createLearnt(),
  };
  return {
    async open(name = defaultModel) {
      if (!isSet) throw new MeshError('unavailable', 'The provider openai cannot be used: OPENAI_API_KEY is not set');
      const { createOpenAiModel } = await import('./openai-model.ts');
      return createOpenAiModel(server, name);
    },
    async list(signal) {
      if (!isSet) return [];
      const { listOpenAiModels } = await import('./openai-model.ts');
      const listed = await listOpenAiModels(server, signal);
      const chatting = baseUrl === undefined ? listed.filter(mayChat) : listed;
      const ids = new Set([defaultModel, ...chatting.toSorted()]);
      return [...ids].slice(0, MAX_LISTED).map((id) => ({ provider: 'openai', id }));
    },
    server: {
      breakerOf: createPerModel(() => createBreaker({ name: OPENAI })),
      windowTokens: async (model) => config.OPENAI_CONTEXT_TOKENS ?? openAiWindow(model),
      calibrationOf: createPerModel(createCalibration),
    },
  };
}

/** Models of OpenAI's that do not chat by this API, by their names: the list itself does not say. */
const NO_CHAT =
  /embedding|whisper|tts|dall-e|moderation|image|realtime|audio|transcribe|sora|babbage|davinci|instruct|search-api|codex|deep-research/;

/** Tells by the name whether one of OpenAI's own models takes chats. */
export const mayChat = (id: string): boolean => !NO_CHAT.test(id);
