import type { ModelEvent } from '../model.ts';

/** Whether a listener has heard something of the answer itself, so that asking again would say it twice. */
const isVisible = ({ type }: ModelEvent): boolean => type !== 'notice' && type !== 'usage';

/**
 * Waits until an answer has begun: until its first word, thought or call, or its end. What fails before that can be
 * tried again. The result is the whole answer, what came before included.
 */
export async function openAnswer(events: AsyncIterable<ModelEvent>): Promise<AsyncGenerator<ModelEvent>> {
  const iterator = events[Symbol.asyncIterator]();
  const heard: ModelEvent[] = [];
  for (let isOpen = false; !isOpen;) {
    const next = await iterator.next();
    if (next.done === true) break;
    heard.push(next.value);
    isOpen = isVisible(next.value);
  }
  return replay(heard, iterator);
}

async function* replay(heard: readonly ModelEvent[], iterator: AsyncIterator<ModelEvent>): AsyncGenerator<ModelEvent> {
  try {
    yield* heard;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    // Also when the listener leaves: the request behind it ends, too.
    await iterator.return?.();
  }
}
