import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { serveRaw } from '@toolmesh/shared/test-kit/raw-server';
import { until } from '@toolmesh/shared/test-kit/waiting';
import { createFrameStream } from '../../src/routes/event-stream.ts';
import { cleanUp } from '../fakes/start-middleware.ts';

const PART = { type: 'text-delta', id: 't', delta: 'x'.repeat(1_000) };
const PARTS = 100_000;

/** Writes 100 MB of parts to whoever asks, and counts how far it came. */
async function startWriter() {
  const state = { written: 0, ended: false, backlogBytes: 0 };
  const leaving = new AbortController();
  const server = cleanUp(
    await serveRaw((_req, res) => {
      const stream = createFrameStream(res, {}, leaving.signal);
      const write = async () => {
        for (; state.written < PARTS && !res.destroyed && !leaving.signal.aborted; state.written += 1) {
          await stream.write([PART]);
          state.backlogBytes = Math.max(state.backlogBytes, res.writableLength);
        }
        stream.end();
        state.ended = true;
      };
      void write();
    }),
  );
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return { state, socket, leaving };
}

/** Waits until the writer stands still. */
async function untilStuck(state: { readonly written: number }): Promise<void> {
  let last = -1;
  await until(() => {
    const isStill = state.written > 0 && state.written === last;
    last = state.written;
    return isStill;
  });
}

describe('a reader that does not read', () => {
  test('makes its writer wait instead of growing memory, and can go on reading', async () => {
    const { state, socket } = await startWriter();
    await untilStuck(state);
    expect(state.written).toBeLessThan(PARTS / 2);
    expect(state.backlogBytes).toBeLessThan(200_000);
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await until(() => state.ended);
    await until(() => received > PARTS * 1_000);
    socket.destroy();
  });

  test('does not hold its writer up once the run has ended', async () => {
    const { state, socket, leaving } = await startWriter();
    await untilStuck(state);
    leaving.abort();
    await until(() => state.ended);
    expect(state.written).toBeLessThan(PARTS);
    socket.destroy();
  });
});

test('a stream in which nothing happens is kept open by comments', async () => {
  const server = cleanUp(
    await serveRaw((_req, res) => {
      const stream = createFrameStream(res, {}, new AbortController().signal, 20);
      stream.open();
    }),
  );
  const leaving = new AbortController();
  const { body } = await fetch(server.url, { signal: leaving.signal });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes(': ping\n\n: ping\n\n')) text += (await reader?.read())?.value ?? '';
  expect(text).toMatch(/^(: ping\n\n)+$/);
  leaving.abort();
});
