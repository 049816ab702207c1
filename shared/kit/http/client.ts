import type { z } from 'zod';
import { withDeadline } from '../faults/deadline.ts';
import { MeshError } from '../faults/errors.ts';
import { type Breaker, HttpStatusError } from '../faults/resilience.ts';
import { parseJson } from '../json/parse-json.ts';
import { createConnections, type HttpAnswer } from './connections.ts';
import { readEvents } from './sse.ts';

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
  /** Overrides the client's total timeout for this call. */
  readonly totalMs?: number;
}

export interface GetOptions<T> extends CallOptions {
  /** Checks the JSON of the answer. */
  readonly answer: z.ZodType<T>;
}

export interface PostOptions<T> extends GetOptions<T> {
  /** Sent as JSON. */
  readonly body: unknown;
}

export interface EventsOptions extends CallOptions {
  /** Sent as JSON. */
  readonly body: unknown;
  readonly onEvent: EventListener;
}

/**
 * A JSON client for one upstream.
 * @throws MeshError: the upstream's own where it sent one, else upstream_failed, upstream_timeout or unavailable.
 */
export interface HttpClient {
  get<T>(path: string, options: GetOptions<T>): Promise<T>;
  post<T>(path: string, options: PostOptions<T>): Promise<T>;
  /** Deletes; what is answered is not read. */
  delete(path: string, options: CallOptions): Promise<void>;
  /** Posts JSON and hands over the server-sent events of the answer, to its end. */
  postForEvents(path: string, options: EventsOptions): Promise<void>;
}

/** Takes one event; `data` is its parsed JSON, undefined for what is not JSON. What it throws ends the exchange. */
export type EventListener = (event: string, data: unknown) => void;

interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** Connects to one upstream. Never sends a request again: the caller knows whether that is safe. */
export function createHttpClient(client: HttpClientOptions): HttpClient {
  const { name, baseUrl, timeouts, headers = {}, maxResponseBytes, breaker } = client;
  const connections = createConnections({
    name,
    connectMs: timeouts.connectMs,
    idleMs: timeouts.idleMs,
    perServer: 128,
    ...(maxResponseBytes === undefined ? {} : { maxResponseBytes }),
  });
  const base = baseUrl.replace(/\/$/, '');

  const exchange = <T>(call: Call, read: (answer: HttpAnswer) => Promise<T>): Promise<T> => {
    const { method, path, body, signal, totalMs = timeouts.totalMs } = call;
    const content = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = {
      method,
      url: new URL(base + path),
      headers: { ...headers, ...content },
      body: body === undefined ? undefined : JSON.stringify(body),
    };
    const late = () => new MeshError('upstream_timeout', `${name} did not answer within ${totalMs} ms`);
    return withDeadline({ signal, ms: totalMs, late }, (limited) =>
      connections.exchange({ ...request, signal: limited }, async (answer) => {
        if (answer.statusCode >= 400) throw await refusal(name, answer);
        return read(answer);
      }),
    );
  };
  const guarded = <T>(call: Call, read: (answer: HttpAnswer) => Promise<T>): Promise<T> =>
    breaker === undefined ? exchange(call, read) : breaker.run(() => exchange(call, read));
  const readJson =
    <T>(schema: z.ZodType<T>) =>
    async ({ body }: HttpAnswer): Promise<T> =>
      checked(name, schema, parseJson(await body.text()));

  return {
    get: (path, { answer, ...options }) => guarded({ ...options, method: 'GET', path }, readJson(answer)),
    post: (path, { answer, ...options }) => guarded({ ...options, method: 'POST', path }, readJson(answer)),
    delete: (path, options) =>
      guarded({ ...options, method: 'DELETE', path }, async ({ body }) => void (await body.text())),
    postForEvents: (path, { onEvent, ...options }) =>
      guarded({ ...options, method: 'POST', path }, (answer) => passOnEvents(answer, onEvent)),
  };
}

async function passOnEvents({ body }: HttpAnswer, onEvent: EventListener): Promise<void> {
  for await (const { event, data } of readEvents(body)) onEvent(event, parseJson(data));
}

/** Returns the error behind an answer that is not a success: the upstream's own where it is one of ours. */
async function refusal(name: string, { statusCode, headers, body }: HttpAnswer): Promise<MeshError> {
  const retryAfter = headers['retry-after'];
  const seconds = Number(retryAfter);
  const options = retryAfter !== undefined && Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {};
  const received = MeshError.fromBody(parseJson(await body.text()), options);
  if (received !== undefined && received.code !== 'internal') return received;
  const cause = new HttpStatusError(statusCode);
  return new MeshError('upstream_failed', `${name} answered with status ${statusCode}`, { ...options, cause });
}

function checked<T>(name: string, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new MeshError('upstream_failed', `${name} sent an answer that is not as agreed`, { cause: parsed.error });
}
