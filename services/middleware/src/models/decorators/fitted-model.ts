import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { CONTEXT_LENGTH, fitContext, type FittedContext } from '../context/context-window.ts';
import type { Model, ModelEvent, ModelRequest, Notice } from '../model.ts';
import { openAnswer } from './opened-answer.ts';
import type { Calibration } from '../context/calibration.ts';

export interface FittedModelOptions {
  /** Tokens that the model reads and writes together; nothing is left out where that is unknown. */
  readonly windowTokens: (signal: AbortSignal) => Promise<number | undefined>;
  readonly calibration: Calibration;
}

/** Attempts at cutting a conversation that the model still refuses as too long. */
const MAX_TRIES = 4;

/** Cuts conversations to the model's context window, with a notice for each new amount. Learns from the model's counts. */
export function withFittedContext(model: Model, { windowTokens, calibration }: FittedModelOptions): Model {
  let lastNotice = '';
  return {
    ...model,
    windowTokens,
    async *respond(request) {
      const window = await windowTokens(request.signal);
      if (window === undefined) return yield* model.respond(request);
      const { fitted, events } = await openFitted(model, request, { windowTokens: window, calibration });
      const notice = describeFit(model, fitted, window);
      if (notice !== undefined && notice.message !== lastNotice) {
        lastNotice = notice.message;
        yield notice;
      }
      for await (const event of events) {
        if (event.type === 'usage') calibration.learn(fitted.estimatedTokens, event.inputTokens);
        yield event;
      }
    },
  };
}

async function openFitted(
  model: Model,
  request: ModelRequest,
  { windowTokens, calibration }: { readonly windowTokens: number; readonly calibration: Calibration },
): Promise<{ readonly fitted: FittedContext; readonly events: AsyncIterable<ModelEvent> }> {
  for (let tries = 1; ; tries += 1) {
    const { factor } = calibration;
    const maxOutputTokens = request.sampling?.maxOutputTokens;
    const fitted = fitContext({ ...request, windowTokens, maxOutputTokens, factor });
    try {
      return { fitted, events: await openAnswer(model.respond({ ...request, messages: fitted.messages })) };
    } catch (error) {
      if (!isTooLong(error) || tries === MAX_TRIES) throw error;
      calibration.tooLow();
    }
  }
}

/** Tells whether the provider refused a conversation as too long, see `statusError`. */
const isTooLong = (error: unknown): boolean =>
  error instanceof MeshError &&
  error.details instanceof Object &&
  'reason' in error.details &&
  error.details.reason === CONTEXT_LENGTH;

function describeFit(
  model: Model,
  { leftOutTurns, shortenedResults }: FittedContext,
  window: number,
): Notice | undefined {
  const parts = [
    leftOutTurns === 0 ? '' : `${counted(leftOutTurns, 'older turn')} left out`,
    shortenedResults === 0 ? '' : `${counted(shortenedResults, 'tool result')} shortened`,
  ].filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  const message = `${parts.join(' and ')}: the conversation is longer than the ${window} tokens that ${model.name} takes`;
  return { type: 'notice', code: 'context_trimmed', message };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? ' was' : 's were'}`;
