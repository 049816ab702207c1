import type { Breaker } from '@toolmesh/shared/kit/faults/resilience';
import type { Model, ModelEvent } from '../model.ts';
import { openAnswer } from './opened-answer.ts';
import { isRefusal } from '../provider-errors.ts';

type Opened = { readonly events: AsyncIterable<ModelEvent> } | { readonly refusal: unknown };

/**
 * Puts a model behind its breaker, which opens when answers keep failing before they begin. A bad key or request, and a
 * caller who leaves, do not count as failures of the model.
 */
export function withBreaker(model: Model, breaker: Breaker): Model {
  return {
    ...model,
    async *respond(request) {
      const opened = await breaker.run(async (): Promise<Opened> => {
        try {
          return { events: await openAnswer(model.respond(request)) };
        } catch (error) {
          if (isRefusal(error) || request.signal.aborted) return { refusal: error };
          throw error;
        }
      });
      if ('refusal' in opened) throw opened.refusal;
      yield* opened.events;
    },
  };
}
