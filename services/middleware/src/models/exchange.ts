import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { type IdleClock, startIdleClock } from '@toolmesh/shared/kit/faults/idle-clock';
import {
  type Connections,
  createConnections,
  type HttpAnswer,
  type HttpRequest,
} from '@toolmesh/shared/kit/http/connections';
import { hasNoBody, headersOf, isEventStream, requestOf } from '@toolmesh/shared/kit/http/fetch-adapter';
import { exchangeError, tooLate } from './provider-errors.ts';

/** The time limits of a provider: to connect, between two pieces of an answer that has begun, and in all. */
export interface Clocks {
  readonly connectMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

/** Opens exchanges with one provider, over connections that they share. */
export type OpenExchange = (signal: AbortSignal, totalMs?: number) => Exchange;

/** One request to a provider and all of its answer. */
export interface Exchange {
  /** Aborts when the caller does, or with the MeshError of the clock that ran out. */
  readonly signal: AbortSignal;
  /** For an SDK: a fetch that ends with `signal`, before its first byte too, and whose answers are watched. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** The bytes of an answer that `fetch` gave. An event stream has them here alone: a web stream costs as much again. */
  bodyOf(response: Response): AsyncIterable<Uint8Array>;
  /** Ends the request if it still runs, and its clocks. */
  end(): void;
}

/** The largest answer; a server that sends more is faulty. */
const MAX_ANSWER_BYTES = 64 * 1_024 ** 2;

/** Creates exchanges with one provider; `name` names it in errors. */
export function createTransport(name: string, clocks: Clocks): OpenExchange {
  const connections = createConnections({
    connectMs: clocks.connectMs,
    maxResponseBytes: MAX_ANSWER_BYTES,
    // Runs have spans of their own; a provider receives none of our trace.
    isTraced: false,
  });
  return (caller, totalMs = clocks.totalMs) => {
    const ended = new AbortController();
    const clock = startIdleClock({
      signal: AbortSignal.any([caller, ended.signal]),
      idleMs: clocks.idleMs,
      totalMs,
      late: (limit) => (limit === 'total' ? tooLate(name, totalMs) : silent(name, clocks.idleMs)),
    });
    // Until the first piece a model may be reading a long prompt; the limit of the whole covers that.
    clock.pause();
    const { signal } = clock;
    const streams = new WeakMap<Response, AsyncIterable<Uint8Array>>();
    return {
      signal,
      async fetch(input, init) {
        const answer = await send(connections, requestOf(input, init), signal).catch((error: unknown) => {
          signal.throwIfAborted();
          // Here, where the error is what the socket said: an SDK makes one of its own of it.
          throw exchangeError(name, String(input instanceof Request ? input.url : input), error);
        });
        const isStream = answer.statusCode === 200 && isEventStream(answer);
        const body = watched(answer.body, clock);
        const content = isStream || hasNoBody(answer) ? null : ReadableStream.from(body);
        const response = new Response(content, { status: answer.statusCode, headers: headersOf(answer) });
        if (isStream) streams.set(response, body);
        return response;
      },
      bodyOf: (response) => streams.get(response) ?? response.body ?? ReadableStream.from([]),
      end() {
        ended.abort(new MeshError('unavailable', `The request to ${name} is over`));
        clock.release();
      },
    };
  };
}

function send(connections: Connections, request: HttpRequest, own: AbortSignal): Promise<HttpAnswer> {
  const headers = { ...request.headers, 'accept-encoding': 'identity' };
  const signal = request.signal ? AbortSignal.any([request.signal, own]) : own;
  return connections.exchange({ ...request, headers, signal }, async (answer) => answer);
}

/** Passes a body on. Silence counts only while the server is waited for, not while the reader is busy. */
async function* watched(body: AsyncIterable<Uint8Array>, clock: IdleClock): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) {
      clock.pause();
      yield piece;
      clock.restart();
    }
  } finally {
    clock.pause();
  }
}

const silent = (name: string, idleMs: number): MeshError =>
  new MeshError('upstream_timeout', `${name} was silent for ${idleMs} ms in mid-answer`);
