import { startDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { Agent, request } from 'undici';
import { exchangeError, tooLate } from './provider-errors.ts';

/** How long a provider may take: to connect, between two pieces of an answer that has begun, and in all. */
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

/** More than any model says; a server that sends more is not answering. */
const MAX_ANSWER_BYTES = 64 * 1_024 ** 2;

/** `name` is what errors call the provider. */
export function createTransport(name: string, clocks: Clocks): OpenExchange {
  // Clocks of our own cover headers and body, and say which of them ran out.
  const agent = new Agent({ connect: { timeout: clocks.connectMs }, headersTimeout: 0, bodyTimeout: 0 });
  return (caller, totalMs = clocks.totalMs) => {
    const stopped = new AbortController();
    const either = AbortSignal.any([caller, stopped.signal]);
    const { signal, release } = startDeadline({ signal: either, ms: totalMs, late: () => tooLate(name, totalMs) });
    const watch = (body: AsyncIterable<Uint8Array>) =>
      watched(name, body, clocks.idleMs, (error) => stopped.abort(error));
    const streams = new WeakMap<Response, AsyncIterable<Uint8Array>>();
    return {
      signal,
      async fetch(input, init) {
        const { statusCode, headers, body } = await send(name, agent, input, init, signal);
        const isStream = statusCode === 200 && headers.get('content-type')?.startsWith('text/event-stream') === true;
        const hasBody = !isStream && statusCode !== 204 && statusCode !== 304;
        const content = hasBody ? ReadableStream.from(watch(body)) : null;
        const response = new Response(content, { status: statusCode, headers });
        if (isStream) streams.set(response, watch(body));
        return response;
      },
      bodyOf: (response) => streams.get(response) ?? response.body ?? ReadableStream.from([]),
      end() {
        stopped.abort(new MeshError('unavailable', `The request to ${name} is over`));
        release();
      },
    };
  };
}

/** The part of fetch that SDKs use, over undici's `request`, which costs a fraction of its `fetch`. */
async function send(
  name: string,
  dispatcher: Agent,
  input: string | URL | Request,
  { method = 'GET', headers: sent, body, signal: given }: RequestInit = {},
  own: AbortSignal,
) {
  if (body !== null && body !== undefined && typeof body !== 'string') throw new TypeError('only text can be sent');
  const url = input instanceof Request ? input.url : String(input);
  const answer = await request(url, {
    dispatcher,
    method: method.toUpperCase() === 'POST' ? 'POST' : 'GET',
    headers: { ...Object.fromEntries(new Headers(sent)), 'accept-encoding': 'identity' },
    body: body ?? null,
    signal: given ? AbortSignal.any([given, own]) : own,
  }).catch((error: unknown) => {
    own.throwIfAborted();
    // Here, where the error is what the socket said: an SDK makes one of its own of it.
    throw exchangeError(name, url, error);
  });
  const headers = new Headers();
  for (const [key, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers.set(key, String(value));
  }
  return { statusCode: answer.statusCode, headers, body: answer.body };
}

/** Passes a body on. The idle clock runs only while the server is waited for, not while the reader is busy. */
async function* watched(
  name: string,
  body: AsyncIterable<Uint8Array>,
  idleMs: number,
  stop: (error: MeshError) => void,
): AsyncGenerator<Uint8Array> {
  const late = () => stop(new MeshError('upstream_timeout', `${name} was silent for ${idleMs} ms in mid-answer`));
  let bytes = 0;
  // Until the first piece a model may be reading a long prompt; the clock of the whole covers that.
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const piece of body) {
      clearTimeout(timer);
      bytes += piece.length;
      if (bytes > MAX_ANSWER_BYTES) {
        throw new MeshError('upstream_failed', `${name} sent more than ${MAX_ANSWER_BYTES} bytes`);
      }
      yield piece;
      timer = setTimeout(late, idleMs);
    }
  } finally {
    clearTimeout(timer);
  }
}
