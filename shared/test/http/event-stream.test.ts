import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createEventStream, type EventStream, type EventStreamOptions } from '../../kit/http/sse.ts';
import { serveRaw } from '../../test-kit/raw-server.ts';
import { until } from '../../test-kit/waiting.ts';

const PART = { type: 'text-delta', id: 't', delta: 'x'.repeat(1_000) };
const PARTS = 100_000;

const servers: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(listener: Parameters<typeof serveRaw>[0]) {
  const server = await serveRaw(listener);
  servers.push(server);
  return server;
}

/** Serves one event stream, and returns a connection to it that does not read by itself. */
async function startWriter(
  options: EventStreamOptions,
  write: (stream: EventStream, res: ServerResponse) => Promise<void>,
) {
  const server = await serve((_req, res) => void write(createEventStream(res, options), res));
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return socket;
}

/** Writes 100 MB of parts, waiting for the reader, and counts how far it came. */
async function startWaitingWriter() {
  const state = { written: 0, isWaiting: false, ended: false, backlogBytes: 0 };
  const leaving = new AbortController();
  const options = { maxBacklogBytes: Number.POSITIVE_INFINITY };
  const socket = await startWriter(options, async (stream, res) => {
    for (; state.written < PARTS && !res.destroyed && !leaving.signal.aborted; state.written += 1) {
      stream.sendParts([PART]);
      state.isWaiting = true;
      await stream.drained(leaving.signal);
      state.isWaiting = false;
      state.backlogBytes = Math.max(state.backlogBytes, res.writableLength);
    }
    stream.end('[DONE]');
    state.ended = true;
  });
  return { state, socket, leaving };
}

describe('a reader that does not read', () => {
  test('makes a writer wait that asks for it, and can go on reading', async () => {
    const { state, socket } = await startWaitingWriter();
    await until(() => state.isWaiting);
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

  test('does not hold its writer up once the signal has aborted', async () => {
    const { state, socket, leaving } = await startWaitingWriter();
    await until(() => state.isWaiting);
    leaving.abort();
    await until(() => state.ended);
    expect(state.written).toBeLessThan(PARTS);
    socket.destroy();
  });

  test('does not hold its writer up once it has gone', async () => {
    const { state, socket } = await startWaitingWriter();
    await until(() => state.isWaiting);
    socket.destroy();
    await until(() => state.ended);
    expect(state.written).toBeLessThan(PARTS);
  });

  test('is cut off by a writer that does not wait, once its backlog is too long', async () => {
    const state = { bytes: 0, isGone: false };
    const socket = await startWriter({ maxBacklogBytes: 100_000 }, async (stream, res) => {
      res.once('close', () => (state.isGone = true));
      for (let i = 0; i < PARTS && !res.destroyed; i += 1) {
        stream.send('part', PART);
        state.bytes = Math.max(state.bytes, res.writableLength);
        if (i % 100 === 0) await new Promise(setImmediate);
      }
    });
    await until(() => state.isGone);
    expect(state.bytes).toBeLessThan(200_000);
    socket.destroy();
  });
});

test('writes events with and without a name, and what ends the stream', async () => {
  const server = await serve((_req, res) => {
    const stream = createEventStream(res, { headers: { 'x-run-id': '1' } });
    expect(stream.isOpen).toBe(false);
    stream.send('progress', { progress: 1 });
    expect(stream.isOpen).toBe(true);
    stream.sendParts(['a', { b: 'two\nlines' }]);
    stream.sendParts([]);
    stream.end('[DONE]');
    stream.send('late', 'is not sent');
  });
  const answer = await fetch(server.url);
  expect(answer.headers.get('x-run-id')).toBe('1');
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  expect(await answer.text()).toBe(
    'event: progress\ndata: {"progress":1}\n\ndata: "a"\n\ndata: {"b":"two\\nlines"}\n\ndata: [DONE]\n\n',
  );
});

test('a stream in which nothing happens is opened and kept open by comments', async () => {
  const server = await serve((_req, res) => void createEventStream(res, { pingMs: 20 }));
  const leaving = new AbortController();
  const { body } = await fetch(server.url, { signal: leaving.signal });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes(': ping\n\n: ping\n\n')) text += (await reader?.read())?.value ?? '';
  expect(text).toMatch(/^(: ping\n\n)+$/);
  leaving.abort();
});
