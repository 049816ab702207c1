import type { Response } from 'express';
import { leaveOpen } from '../../../kit/http/app.ts';
import { MeshError } from '../../../kit/faults/errors.ts';
import { createEventStream } from '../../../kit/http/sse.ts';
import { INVALID_REQUEST } from '../../protocol.ts';
import type { Accepted } from '../http/accept.ts';
import { type HttpAnswer, openAnswer, sendJson } from '../http/answer.ts';
import { type Refusal, refusal } from '../messages.ts';
import { takesEmptyEvents } from '../revisions.ts';
import type { ServeDeps } from '../serve-request.ts';
import type { Orphans } from './orphans.ts';
import { createPeer, type Peer } from './peer.ts';
import type { StreamMemory } from './replay-memory.ts';
import type { SessionUse } from './session-table.ts';
import { createSessionStream, readEventId, type SessionStream } from './session-stream.ts';

/** A session of a client before 2026-07-28 over Streamable HTTP. */
export interface Session extends SessionUse {
  readonly peer: Peer;
  /** Opens the answer to a POST, which the client can take up again if it was a stream and broke. */
  openAnswer(res: Response, accepted: Accepted): HttpAnswer;
  /** Opens the stream for what belongs to no request, or takes up the one that `lastEventId` is of. */
  listen(res: Response, lastEventId: string | undefined): Refusal | undefined;
  end(): void;
}

export interface SessionDeps extends ServeDeps {
  readonly newMemory: () => StreamMemory;
  readonly orphans: Orphans;
}

/** Time after which an answer becomes a stream, from when on it can be taken up again. */
const STREAM_AFTER_MS = 1_000;
/** Time after which a client should come back for a stream that broke. */
const RETRY_MS = 1_000;
/** Streams that a session keeps, to be taken up again. */
const MAX_STREAMS = 16;
/** Time that a stream can still be taken up after its end. */
const KEEP_ENDED_MS = 60_000;

export function createSession(deps: SessionDeps): Session {
  const streams = createStreams(deps.newMemory);
  const { standalone } = streams;
  const peer = createPeer(deps, {
    get isOpen() {
      return standalone.isRead;
    },
    // Nobody has asked for it: what it would keep is read by nobody.
    send(text) {
      if (standalone.canResume || standalone.isRead) standalone.send(text);
    },
  });
  let open = 0;
  let usedAt = performance.now();
  const use = (res: Response): void => {
    open += 1;
    res.once('close', () => {
      open -= 1;
      usedAt = performance.now();
    });
  };
  return {
    peer,
    get open() {
      return open + peer.running;
    },
    get usedAt() {
      return usedAt;
    },
    openAnswer(res, accepted) {
      use(res);
      if (!accepted.stream) return openAnswer(res, accepted);
      const isPrimed = takesEmptyEvents(peer.client.revision ?? '');
      return openResumable(res, accepted.json, { streams, orphans: deps.orphans, isPrimed });
    },
    listen(res, lastEventId) {
      const event = lastEventId === undefined ? { number: 0, place: undefined } : readEventId(lastEventId);
      const stream = event === undefined ? undefined : streams.find(event.number);
      if (event === undefined || stream === undefined) return UNKNOWN_EVENT;
      use(res);
      if (stream === standalone) leaveOpen(res);
      read(stream, res, event.place);
      if (stream === standalone && takesEmptyEvents(peer.client.revision ?? '')) stream.prime(RETRY_MS);
      return undefined;
    },
    end() {
      peer.end();
      streams.end();
    },
  };
}

const UNKNOWN_EVENT = refusal(
  { code: INVALID_REQUEST, message: 'Last-Event-ID: no stream of this session has this event any more' },
  400,
);

/** Lets a stream be read over an answer, from the event after `place`, or from now on. */
function read(stream: SessionStream, res: Response, place?: number): void {
  const reader = createEventStream(res);
  res.once('close', () => stream.detach(reader));
  reader.open();
  stream.attach(reader, place);
}

type Streams = ReturnType<typeof createStreams>;

/** Keeps the streams of a session that can be taken up again. */
function createStreams(newMemory: () => StreamMemory) {
  const standalone = createSessionStream({ number: 0, memory: newMemory() });
  const answers = new Map<number, SessionStream>();
  let last = 0;
  const forget = (number: number): void => {
    answers.get(number)?.forget();
    answers.delete(number);
  };
  return {
    /** The stream for what belongs to no request. */
    standalone,
    find: (number: number) => (number === 0 ? standalone : answers.get(number)),
    /** Makes the stream of an answer. */
    add(onLost: (stream: SessionStream) => void): SessionStream {
      const number = (last += 1);
      const [oldest] = [...answers].filter(([, { hasEnded }]) => hasEnded);
      if (answers.size >= MAX_STREAMS && oldest !== undefined) forget(oldest[0]);
      const stream = createSessionStream({ number, memory: newMemory(), onLost: () => onLost(stream) });
      answers.set(number, stream);
      return stream;
    },
    /** Ends a stream, which can be taken up for a while after. */
    finish(stream: SessionStream): void {
      stream.end();
      const [number] = [...answers].find(([, each]) => each === stream) ?? [];
      if (number !== undefined) setTimeout(forget, KEEP_ENDED_MS, number).unref();
    },
    end(): void {
      for (const stream of [standalone, ...answers.values()]) {
        stream.end();
        stream.forget();
      }
      answers.clear();
    },
  };
}

interface ResumableOptions {
  readonly streams: Streams;
  readonly orphans: Orphans;
  /** True if the client takes an event without data, from which it knows an id before anything has happened. */
  readonly isPrimed: boolean;
}

/** Opens an answer that outlives its connection once it is a stream. Before that, it ends with the connection. */
function openResumable(res: Response, takesJson: boolean, options: ResumableOptions): HttpAnswer {
  const { streams, orphans, isPrimed } = options;
  const gone = new AbortController();
  const giveUp = () => gone.abort(new MeshError('unavailable', 'The caller went away'));
  const onLost = (lost: SessionStream): void => (lost.canResume ? orphans.add(lost, giveUp) : giveUp());
  let stream: SessionStream | undefined;
  const open = (): SessionStream => {
    if (stream !== undefined) return stream;
    stream = streams.add(onLost);
    read(stream, res);
    if (isPrimed) stream.prime(RETRY_MS);
    return stream;
  };
  const timer = setTimeout(open, STREAM_AFTER_MS);
  res.once('close', () => {
    clearTimeout(timer);
    if (stream === undefined && !res.writableFinished) giveUp();
  });
  return {
    channel: { signal: gone.signal, send: (text) => open().send(text) },
    end(texts, form) {
      clearTimeout(timer);
      if (stream === undefined && res.destroyed) return;
      if (stream === undefined && takesJson) return sendJson(res, texts, form);
      const events = open();
      for (const text of texts) events.send(text);
      streams.finish(events);
    },
  };
}
