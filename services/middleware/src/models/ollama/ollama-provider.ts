import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { createBreaker } from '@toolmesh/shared/kit/faults/resilience';
import type { MiddlewareConfig } from '../../config.ts';
import { createTransport } from '../exchange.ts';
import { createCalibration } from '../context/calibration.ts';
import { createLearnt, createPerModel } from '../learnt.ts';
import { clocksOf } from '../provider-clocks.ts';
import type { FoundModel, Provider } from '../provider.ts';
import { createOllamaModel, ollamaContextTokens } from './ollama-model.ts';
import { OLLAMA, ollamaModelInfo, ollamaModels, type OllamaServer } from './ollama-server.ts';

export interface OllamaProvider extends Provider {
  /** Tells whether the server has any model. @throws MeshError when there is no Ollama. */
  hasModels(signal: AbortSignal): Promise<boolean>;
}

const PROBE_MS = 1_500;
const MAX_LISTED = 500;
/** Ollama describes models one by one only. */
const MAX_DESCRIBED = 32;
const MAX_TRIED = 8;

/** Makes the provider for an Ollama server. */
export function createOllamaProvider(config: MiddlewareConfig): OllamaProvider {
  const { OLLAMA_HOST: host, OLLAMA_MODEL: setModel, OLLAMA_NUM_CTX: numCtx } = config;
  const server: OllamaServer = {
    host,
    open: createTransport(OLLAMA, clocksOf(config)),
    models: createLearnt(),
  };
  return {
    open: async (name) => createOllamaModel(server, name ?? setModel ?? (await findDefaultModel(server)), numCtx),
    hasModels: async (signal) => (await ollamaModels(server, signal)).length > 0,
    list: (signal) => listChatModels(server, setModel, signal),
    server: {
      breakerOf: createPerModel(() => createBreaker({ name: OLLAMA })),
      windowTokens: (model, signal) => ollamaContextTokens({ server, model, numCtx, signal }),
      calibrationOf: createPerModel(createCalibration),
    },
  };
}

/** @throws MeshError unavailable when there is none */
async function findDefaultModel(server: OllamaServer): Promise<string> {
  const unusable = (reason: string, cause?: unknown) =>
    new MeshError('unavailable', `The provider ollama cannot be used: ${reason}`, { cause });
  const signal = AbortSignal.timeout(PROBE_MS);
  let first: string | undefined;
  try {
    first = await findChatModel(server, await ollamaModels(server, signal), signal);
  } catch (cause) {
    throw unusable(`nothing answers at ${server.host}`, cause);
  }
  if (first === undefined) throw unusable(`the server at ${server.host} has no model; pull one or set OLLAMA_MODEL`);
  return first;
}

/** Returns the first model that chats: a server may have others, for embeddings. */
async function findChatModel(
  server: OllamaServer,
  models: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const model of models.slice(0, MAX_TRIED)) {
    const { capabilities } = await ollamaModelInfo(server, model, signal);
    if (capabilities?.has('completion') !== false) return model;
  }
  return models[MAX_TRIED];
}

async function listChatModels(
  server: OllamaServer,
  setModel: string | undefined,
  signal: AbortSignal,
): Promise<readonly FoundModel[]> {
  const names = await ollamaModels(server, signal);
  const found = await Promise.all(
    names.slice(0, MAX_LISTED).map(async (id, index): Promise<FoundModel> => {
      const model = { provider: 'ollama', id } as const;
      if (index >= MAX_DESCRIBED) return model;
      const { capabilities } = await ollamaModelInfo(server, id, signal).catch(() => ({ capabilities: undefined }));
      return capabilities === undefined ? model : { ...model, capabilities: [...capabilities] };
    }),
  );
  const chatting = found.filter(({ capabilities }) => capabilities?.includes('completion') !== false);
  const first = setModel ?? (await findChatModel(server, names, signal).catch(() => undefined));
  const isFirst = ({ id }: FoundModel) => id === first || id === `${first}:latest`;
  return [...chatting.filter(isFirst), ...chatting.filter((model) => !isFirst(model))];
}
