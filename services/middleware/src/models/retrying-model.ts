import { retry } from '@toolmesh/shared/resilience';
import type { Model } from './model.ts';
import { mayPass } from './provider-errors.ts';

/**
 * Asks again when the provider fails in a way that may pass, with pauses that grow or that it asked for; but only
 * until the first thing it says: what has been heard cannot be taken back.
 */
export function withRetries(model: Model, retries: number, onRetry: (error: unknown) => void): Model {
  return {
    ...model,
    async *respond(request) {
      const open = async () => {
        const events = model.respond(request)[Symbol.asyncIterator]();
        return { events, first: await events.next() };
      };
      const { events, first } = await retry(open, { retries, isRetryable: mayPass, signal: request.signal, onRetry });
      if (first.done === true) return;
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => events };
    },
  };
}
