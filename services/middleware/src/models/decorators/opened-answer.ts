import type { ModelEvent } from '../model.ts';

/** Tells whether an event is part of the answer itself, so that asking again would repeat it. */
const isVisible = ({ type }: ModelEvent): boolean => type !== 'notice' && type !== 'usage';

/**
 * Waits until an answer has begun: until its first word, reasoning or call, or its end. A failure before that can be
 * retried. Returns the whole answer, including the events before it began.
 */
export async function openAnswer(events: AsyncIterable<ModelEvent>): Promise<AsyncGenerator<ModelEvent>> {
  const iterator = events[Symbol.asyncIterator]();
  const received: ModelEvent[] = [];
  for (let isOpen = false; !isOpen;) {
    const next = await iterator.next();
    if (next.done === true) break;
    received.push(next.value);
    isOpen = isVisible(next.value);
  }
  return replay(received, iterator);
}

async function* replay(
  received: readonly ModelEvent[],
  iterator: AsyncIterator<ModelEvent>,
): AsyncGenerator<ModelEvent> {
  try {
    yield* received;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    // When the reader leaves early, the request behind the answer ends as well.
    await iterator.return?.();
  }
}
