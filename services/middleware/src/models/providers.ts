import { type Breaker, createBreaker } from '@toolmesh/shared/kit/faults/resilience';
import type { MiddlewareConfig } from '../config.ts';
import { createBoundedCache } from './bounded-cache.ts';
import { createTransport } from './exchange.ts';
import type { Model } from './model.ts';
import { OLLAMA, type OllamaModelInfo, type OllamaServer } from './ollama/ollama-server.ts';
import { OPENAI, type OpenAiServer } from './openai/openai-model.ts';
import type { Refusals } from './openai/openai-refusals.ts';
import { type Calibration, createCalibration } from './context/token-estimate.ts';

/** The servers that a configuration names, with what is learnt of them while the service runs. */
export interface Providers {
  readonly openai: OpenAiServer;
  readonly ollama: OllamaServer;
  readonly breakers: { readonly openai: Breaker; readonly ollama: Breaker };
  /** How far token estimates are off for a model. */
  calibrationOf(model: Model): Calibration;
}

/** Long enough not to ask all the time, short enough to see that a server was updated or a model pulled anew. */
const LEARNT_MS = 10 * 60_000;
/** Callers may name any model: what is remembered of names must not grow without bound. */
const MAX_MODELS = 256;

const known = new WeakMap<MiddlewareConfig, Providers>();

/** The same for the same configuration, so that all chats share connections, breakers and what was learnt. */
export function providersOf(config: MiddlewareConfig): Providers {
  const providers = known.get(config) ?? createProviders(config);
  known.set(config, providers);
  return providers;
}

function createProviders(config: MiddlewareConfig): Providers {
  const clocks = {
    connectMs: config.LLM_CONNECT_TIMEOUT_MS,
    idleMs: config.LLM_IDLE_TIMEOUT_MS,
    totalMs: config.LLM_TIMEOUT_MS,
  };
  const learnt = <T>() => createBoundedCache<T>({ maxEntries: MAX_MODELS, ttlMs: LEARNT_MS });
  const calibrations = learnt<Calibration>();
  return {
    openai: {
      // Servers of one's own mostly want no key; the SDK wants one to send.
      apiKey: config.OPENAI_API_KEY ?? 'none',
      baseUrl: config.OPENAI_BASE_URL,
      open: createTransport(OPENAI, clocks),
      refusals: learnt<Refusals>(),
    },
    ollama: {
      host: config.OLLAMA_HOST,
      open: createTransport(OLLAMA, clocks),
      models: learnt<OllamaModelInfo>(),
    },
    breakers: { openai: createBreaker({ name: OPENAI }), ollama: createBreaker({ name: OLLAMA }) },
    calibrationOf({ provider, name }) {
      const key = `${provider} ${name}`;
      const calibration = calibrations.get(key) ?? createCalibration();
      calibrations.set(key, calibration);
      return calibration;
    },
  };
}
