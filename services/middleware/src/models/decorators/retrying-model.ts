import { retry } from '@toolmesh/shared/kit/faults/resilience';
import type { Model } from '../model.ts';
import { openAnswer } from './opened-answer.ts';
import { mayPass } from '../provider-errors.ts';

/**
 * Asks again when the provider fails in a way that may pass, with pauses that grow or that it asked for; but only
 * until the first thing it says, thoughts and the name of a tool included: what has been heard cannot be taken back.
 */
export function withRetries(model: Model, retries: number, onRetry: (error: unknown) => void): Model {
  return {
    ...model,
    async *respond(request) {
      const open = () => openAnswer(model.respond(request));
      yield* await retry(open, { retries, isRetryable: mayPass, signal: request.signal, onRetry });
    },
  };
}
