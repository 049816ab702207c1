import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readEvents, type ReadEventsOptions, type ServerSentEvent } from '../../kit/http/sse.ts';

/** A body in pieces, which notes whether it was let go of. */
function bodyOf(pieces: readonly Uint8Array[], { staysOpen = false } = {}) {
  const state = { read: 0, released: false };
  const iterator = async function* () {
    try {
      for (const piece of pieces) {
        state.read += 1;
        yield piece;
      }
      if (staysOpen) await new Promise(() => {});
    } finally {
      state.released = true;
    }
  };
  return { body: iterator(), state };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function eventsOf(body: AsyncIterable<Uint8Array>, options?: ReadEventsOptions) {
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(body, options)) events.push(event);
  return events;
}

const TEXT = ': hello\nevent: progress\r\ndata: {"n":1}\r\n\r\ndata: Grüße 🎈\ndata: two lines\n\ndata: last';
const EVENTS = [
  { event: 'progress', data: '{"n":1}' },
  { event: 'message', data: 'Grüße 🎈\ntwo lines' },
  { event: 'message', data: 'last' },
];

describe('readEvents', () => {
  test('reads the same events wherever the body is cut, and the last one without its blank line', async () => {
    const bytes = bytesOf(TEXT);
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const ends = [...at.toSorted((a, b) => a - b), bytes.length];
        const pieces = ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
        expect(await eventsOf(bodyOf(pieces).body)).toEqual(EVENTS);
      }),
    );
  });

  test.each(['', '\n\n', ': only a comment\n\n'])('reads no event from %j', async (text) => {
    expect(await eventsOf(bodyOf([bytesOf(text)]).body)).toEqual([]);
  });

  test('refuses a body that is something else', async () => {
    await expect(eventsOf(bodyOf([bytesOf('<html>busy</html>')]).body)).rejects.toThrow(SyntaxError);
  });

  const isLast = (data: string) => data === '[DONE]';

  test('stops before the last event and reads the rest of the body, so that its connection can be used again', async () => {
    const { body, state } = bodyOf(['data: 1\n\ndata: [DONE]\n\n', 'data: 2\n\n', ''].map(bytesOf));
    expect(await eventsOf(body, { isLast })).toEqual([{ event: 'message', data: '1' }]);
    expect(state).toEqual({ read: 3, released: true });
  });

  test('does not wait for a body that stays open after its last event', async () => {
    const { body } = bodyOf([bytesOf('data: 1\n\ndata: [DONE]\n\n')], { staysOpen: true });
    expect(await eventsOf(body, { isLast })).toEqual([{ event: 'message', data: '1' }]);
  });

  test('lets go of the body when its reader stops early', async () => {
    const { body, state } = bodyOf([bytesOf('data: 1\n\n'), bytesOf('data: 2\n\n')], { staysOpen: true });
    for await (const { data } of readEvents(body)) if (data === '1') break;
    expect(state).toEqual({ read: 1, released: true });
  });

  test('passes on how the body failed, after the events before', async () => {
    const broken = async function* () {
      yield bytesOf('data: 1\n\n');
      throw new Error('connection lost');
    };
    const seen: string[] = [];
    const read = async () => {
      for await (const { data } of readEvents(broken())) seen.push(data);
    };
    await expect(read()).rejects.toThrow('connection lost');
    expect(seen).toEqual(['1']);
  });
});
