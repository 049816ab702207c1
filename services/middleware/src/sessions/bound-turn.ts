import type { AnswerTurn, TurnCall } from '../run/turns.ts';

/** The size of one answer in the store, in characters of JSON; a few plots fit. */
export const MAX_ANSWER_CHARS = 2 * 1_024 ** 2;
const MAX_TEXT_CHARS = 64 * 1_024;

/**
 * Returns an answer that is too large as it is stored: results are reduced to their text, and that to its beginning,
 * until it is small enough. `wholeSize` is its size now, in characters of JSON.
 */
export function boundTurn(turn: AnswerTurn, wholeSize: number): AnswerTurn {
  let size = wholeSize;
  const steps = turn.steps.map((step) => ({
    ...step,
    calls: step.calls.map((call) => {
      if (size <= MAX_ANSWER_CHARS) return call;
      const smaller = withoutBulk(call);
      size -= JSON.stringify(call).length - JSON.stringify(smaller).length;
      return smaller;
    }),
  }));
  return { ...turn, steps };
}

function withoutBulk(call: TurnCall): TurnCall {
  const { outcome } = call;
  if (outcome === undefined || 'error' in outcome.result) return call;
  const { structured_content: _structured, ...result } = outcome.result;
  const content = result.content.map((block) => {
    if (typeof block['text'] !== 'string') return { type: 'text', text: `[${block.type}, too large to be kept]` };
    if (block['text'].length <= MAX_TEXT_CHARS) return block;
    return { ...block, text: `${block['text'].slice(0, MAX_TEXT_CHARS)}\n[... not kept ...]` };
  });
  return { ...call, outcome: { ...outcome, truncated: true, result: { ...result, content } } };
}
