import { parseJson } from './json.ts';

/** A line longer than this is no event of ours; the stream is given up rather than the tab's memory. */
const MAX_PENDING_CHARS = 64 * 1_024 ** 2;

/**
 * The JSON values of a `text/event-stream`, one by one, until `[DONE]` or the end of the connection.
 * Comments, other fields and data that is not JSON are passed over; lines may end in LF or CRLF, and a chunk may end
 * anywhere, within a character too. Ending the iteration early closes the connection.
 */
export async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<unknown, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      pending += value;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      if (pending.length > MAX_PENDING_CHARS) throw new Error('an event of the stream is too large');
      for (const line of lines) {
        if (!line.startsWith('data:')) continue;
        const data = line.slice('data:'.length).trim();
        if (data === '[DONE]') return;
        const event = parseJson(data);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
