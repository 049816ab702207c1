import type { Breaker } from '@toolmesh/shared/kit/faults/resilience';
import type { Calibration } from './context/calibration.ts';
import type { Model } from './model.ts';
import type { ProviderName } from './provider-name.ts';

/** A provider of models: OpenAI or a server like it, Ollama, or the demo. A further one is a room beside theirs. */
export interface Provider {
  /**
   * Makes the model of that name, or the provider's default model. One answer per call: retries are the caller's.
   * @throws MeshError unavailable that says what is missing
   */
  open(name: string | undefined): Promise<Model>;
  /** Lists the models that chat, the default first. @throws MeshError when the provider does not answer. */
  list(signal: AbortSignal): Promise<readonly FoundModel[]>;
  /** The server behind it; undefined for a provider inside this process. */
  readonly server?: ProviderServer;
}

export interface ProviderServer {
  /** Returns the breaker of a model: one that fails does not keep callers from the others of its server. */
  breakerOf(model: string): Breaker;
  /** Returns the tokens that a model reads and writes together; undefined where that is unknown. */
  windowTokens(model: string, signal: AbortSignal): Promise<number | undefined>;
  /** Returns how far token estimates are off for a model; the same object for the same name. */
  calibrationOf(model: string): Calibration;
}

/** A model as its provider lists it. */
export interface FoundModel {
  readonly provider: ProviderName;
  readonly id: string;
  /** `tools`, `vision`, `thinking` and others, where the provider says. */
  readonly capabilities?: readonly string[];
}
