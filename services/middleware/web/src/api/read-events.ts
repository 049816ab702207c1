import { EventSourceParserStream } from 'eventsource-parser/stream';
import { parseJson } from '@toolmesh/shared/kit/json/parse-json';

/** A longer event is not one of ours: the stream is given up rather than the tab's memory. */
const MAX_BUFFER_CHARS = 64 * 1_024 ** 2;

/**
 * Reads the JSON values of a `text/event-stream`, one by one, until `[DONE]` or the end of the connection. Data that is
 * not JSON is passed over. Ending the iteration early closes the connection.
 */
export async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<unknown, void> {
  const events = body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream({ maxBufferSize: MAX_BUFFER_CHARS }))
    .getReader();
  try {
    while (true) {
      const { done, value } = await events.read();
      if (done || value.data === '[DONE]') return;
      const event = parseJson(value.data);
      if (event !== undefined) yield event;
    }
  } finally {
    await events.cancel().catch(() => {});
  }
}
