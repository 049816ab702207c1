import { createParser } from 'eventsource-parser';

/** How long the end of a body is waited for when all that matters has come, so that its connection can be used again. */
const DRAIN_MS = 100;

/**
 * The data of each server-sent event of a body, up to and without the one that `isLast`.
 * @throws SyntaxError for a body that is something else
 */
export async function* serverSentData(
  body: AsyncIterable<Uint8Array>,
  isLast: (data: string) => boolean,
): AsyncGenerator<string> {
  const bytes = body[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  const waiting: string[] = [];
  let isKnown = false;
  let isBlank = true;
  const parser = createParser({
    onEvent({ data }) {
      isKnown = true;
      waiting.push(data);
    },
    onComment: () => {
      isKnown = true;
    },
  });
  for (let isOver = false; !isOver;) {
    const { done = false, value } = await bytes.next();
    isOver = done;
    const text = done ? decoder.decode() : decoder.decode(value, { stream: true });
    isBlank &&= text.trim() === '';
    // The end of a body ends its last event, too.
    parser.feed(done ? `${text}\n\n` : text);
    for (const data of waiting.splice(0)) {
      if (isLast(data)) return drain(bytes);
      yield data;
    }
  }
  if (!isKnown && !isBlank) throw new SyntaxError('the body is not made of server-sent events');
}

/** Reads what is left of a body for a moment. Nothing of it matters, nor how it fails; the exchange ends it. */
async function drain(bytes: AsyncIterator<Uint8Array>): Promise<void> {
  const waited = Promise.withResolvers<void>();
  const timer = setTimeout(waited.resolve, DRAIN_MS);
  const rest = async () => {
    while ((await bytes.next()).done !== true);
  };
  try {
    await Promise.race([rest(), waited.promise]);
  } catch {
    // The answer itself was whole.
  } finally {
    clearTimeout(timer);
  }
}
