import { retry } from '@toolmesh/shared/kit/faults/resilience';
import type { Model } from '../model.ts';
import { openAnswer } from './opened-answer.ts';
import { mayPass } from '../provider-errors.ts';

/**
 * Asks again when the provider fails in a way that may pass, with growing pauses or the one that it asked for. Only
 * until the answer begins, reasoning and calls included: what has been passed on cannot be taken back.
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
