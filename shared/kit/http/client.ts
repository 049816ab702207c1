import type { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { Pool } from 'undici';
import type { z } from 'zod';
import { withDeadline } from '../faults/deadline.ts';
import { MeshError } from '../faults/errors.ts';
import { type Breaker, wasNeverSent } from '../faults/resilience.ts';
import { parseJson } from '../json/parse-json.ts';
import { readEvents } from './sse.ts';
import { withCallSpan } from '../telemetry/tracing.ts';

export interface HttpClientOptions {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly baseUrl: string;
  /** Sent with every request: a key, for instance. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Three clocks: to connect, between two pieces of an answer (its first included), and in all. */
  readonly timeouts: { readonly connectMs: number; readonly idleMs: number; readonly totalMs: number };
  readonly maxResponseBytes?: number;
  readonly breaker?: Breaker;
}

export interface CallOptions {
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  /** For a call that may take longer or less long than others. */
  readonly totalMs?: number;
}

/** @throws MeshError: the upstream's own where it sent one, else upstream_failed, upstream_timeout or unavailable. */
export interface HttpClient {
  get<T>(path: string, answer: z.ZodType<T>, options: CallOptions): Promise<T>;
  post<T>(path: string, body: unknown, answer: z.ZodType<T>, options: CallOptions): Promise<T>;
  /** Posts JSON and hears the server-sent events of the answer, to its end. */
  postForEvents(path: string, body: unknown, onEvent: EventListener, options: CallOptions): Promise<void>;
}

/** Hears one event; `data` is its parsed JSON, undefined where it is none. What it throws ends the exchange. */
export type EventListener = (event: string, data: unknown) => void;

interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** A JSON client for one upstream. It never retries: whether that is safe, its caller knows. */
export function createHttpClient(client: HttpClientOptions): HttpClient {
  const { name, baseUrl, timeouts, headers = {}, maxResponseBytes = 64 * 1_024 ** 2, breaker } = client;
  const base = new URL(baseUrl);
  const { origin, pathname } = base;
  const pool = new Pool(origin, {
    connect: { timeout: timeouts.connectMs },
    headersTimeout: timeouts.idleMs,
    bodyTimeout: timeouts.idleMs,
    maxResponseSize: maxResponseBytes,
    connections: 128,
  });

  const prefix = pathname.replace(/\/$/, '');

  const exchange = <T>(what: Exchange, signal: AbortSignal, read: (body: Readable) => Promise<T>): Promise<T> => {
    const { method, path, body } = what;
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    return withCallSpan(method, base, async (ids) => {
      try {
        const response = await pool.request({
          method,
          path: prefix + path,
          headers: { ...ids, ...headers, ...content },
          body: body ?? null,
          signal,
        });
        if (response.statusCode < 400) return await read(response.body);
        throw refusal(name, response.statusCode, await response.body.text(), response.headers['retry-after']);
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof MeshError ? error : networkError(name, error);
      }
    });
  };
  const bounded = <T>(
    what: Exchange,
    read: (body: Readable) => Promise<T>,
    { signal, totalMs = timeouts.totalMs }: CallOptions,
  ): Promise<T> => {
    const late = () => new MeshError('upstream_timeout', `${name} did not answer within ${totalMs} ms`);
    return withDeadline({ signal, ms: totalMs, late }, (limited) => exchange(what, limited, read));
  };
  const call = async <T>(what: Exchange, answer: z.ZodType<T>, options: CallOptions): Promise<T> =>
    checked(name, answer, await bounded(what, async (body) => parseJson(await textOf(body)), options));
  const guarded = <T>(task: () => Promise<T>) => (breaker === undefined ? task() : breaker.run(task));

  return {
    get: (path, answer, options) => guarded(() => call({ method: 'GET', path }, answer, options)),
    post: (path, body, answer, options) =>
      guarded(() => call({ method: 'POST', path, body: JSON.stringify(body) }, answer, options)),
    postForEvents: (path, body, onEvent, options) => {
      const what = { method: 'POST', path, body: JSON.stringify(body) } as const;
      return guarded(() => bounded(what, (stream) => passOnEvents(stream, onEvent), options));
    },
  };
}

async function passOnEvents(body: AsyncIterable<Uint8Array>, onEvent: EventListener): Promise<void> {
  for await (const { event, data } of readEvents(body)) onEvent(event, parseJson(data));
}

/** The error behind an answer that is not a success: the upstream's own words where it is one of ours. */
function refusal(name: string, status: number, text: string, retryAfter: string | string[] | undefined): MeshError {
  const seconds = Number(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
  const options = Number.isFinite(seconds) && retryAfter !== undefined ? { retryAfterSeconds: seconds } : {};
  const told = MeshError.fromBody(parseJson(text), options);
  if (told !== undefined && told.code !== 'internal') return told;
  return new MeshError('upstream_failed', `${name} answered with status ${status}`, options);
}

function checked<T>(name: string, answer: z.ZodType<T>, body: unknown): T {
  const parsed = answer.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new MeshError('upstream_failed', `${name} sent an answer that is not as agreed`, { cause: parsed.error });
}

const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** What a failed exchange means to a caller. */
export function networkError(name: string, cause: unknown): MeshError {
  const code = Error.isError(cause) && 'code' in cause ? String(cause.code) : '';
  if (TIMEOUT_CODES.has(code)) return new MeshError('upstream_timeout', `${name} did not answer in time`, { cause });
  if (wasNeverSent(cause)) return new MeshError('upstream_failed', `${name} cannot be reached`, { cause });
  return new MeshError('upstream_failed', `${name} dropped the connection before it had answered`, { cause });
}
