import type { Histogram } from '@toolmesh/shared/kit/telemetry/metrics';
import { inSpan, openSpan } from '@toolmesh/shared/kit/telemetry/tracing';
import type { Model } from '../model.ts';

type ModelHistogram = Histogram<'gen_ai_provider_name' | 'gen_ai_request_model'>;

/** The histograms of model answers, in seconds. */
export interface ModelTimers {
  /** Whole answers. */
  readonly answers: ModelHistogram;
  /** Up to the first event of an answer. */
  readonly firstEvents: ModelHistogram;
}

/**
 * Times each answer of a model and puts it in a span `chat {model}`, by OpenTelemetry's conventions for generative AI.
 * Prompts and answers are not recorded. `label` names the model in metrics.
 */
export const observeModel = (model: Model, label: string, { answers, firstEvents }: ModelTimers): Model => ({
  ...model,
  async *respond(request) {
    const started = performance.now();
    const labels = { gen_ai_provider_name: model.provider, gen_ai_request_model: label };
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': model.provider,
      'gen_ai.request.model': model.name,
    };
    const span = openSpan({ name: `chat ${model.name}`, kind: 'client', attributes });
    let hasBegun = false;
    try {
      yield* inSpan(span, model.respond(request), (event) => {
        if (!hasBegun) {
          const seconds = secondsSince(started);
          firstEvents.observe(labels, seconds);
          span.set({ 'gen_ai.response.time_to_first_chunk': seconds });
        }
        hasBegun = true;
        if (event.type === 'usage') {
          const { inputTokens, outputTokens } = event;
          span.set({ 'gen_ai.usage.input_tokens': inputTokens, 'gen_ai.usage.output_tokens': outputTokens });
        } else if (event.type === 'finish') span.set({ 'gen_ai.response.finish_reasons': [event.reason] });
      });
    } finally {
      answers.observe(labels, secondsSince(started));
    }
  },
});

const secondsSince = (started: number): number => (performance.now() - started) / 1_000;
