import { MeshError } from '../faults/errors.ts';
import { contextHeaders, currentContext, runInContext } from './request-context.ts';
import type { Recorder, Span, SpanStart } from './span.ts';
import type { TraceContext } from './trace-context.ts';

export interface TracingOptions {
  readonly service: string;
  /** Address of an OTLP collector: `http://localhost:4318`. Absent: nothing is recorded. */
  readonly endpoint: string | undefined;
  /** Called, at most once a minute, when spans could not be handed over. */
  readonly onLoss: () => void;
}

/** Recorders of services in this process: requests carry their own, work outside of requests only asks for any. */
let running = 0;

/** Records spans of one service from now on; undefined, and nothing is loaded, where no endpoint is set. */
export async function startTracing({ endpoint, ...options }: TracingOptions): Promise<Recorder | undefined> {
  if (endpoint === undefined) return undefined;
  const { createRecorder } = await import('./otel-recorder.ts');
  const recorder = createRecorder({ ...options, endpoint });
  running += 1;
  return {
    start: recorder.start,
    stop: async () => {
      running -= 1;
      await recorder.stop();
    },
  };
}

/** Tells whether spans of the current request are recorded. */
export const isTracing = (): boolean => currentContext()?.recorder !== undefined;

/** A span that is not recorded. */
export const NO_SPAN: Span = {
  run: (task) => task(),
  set: () => {},
  rename: () => {},
  fail: () => {},
  end: () => {},
};

export interface OpenSpan extends SpanStart {
  /** Overrides the current request's trace by one that its caller names; `{ of: undefined }` starts a trace. */
  readonly parent?: { readonly of: TraceContext | undefined } | undefined;
}

/** Opens a span of the current request; one outside of a request is not recorded. The caller has to call `end`. */
export function openSpan({ parent, ...start }: OpenSpan): Span {
  const context = currentContext();
  if (context?.recorder === undefined) return NO_SPAN;
  const span = context.recorder.start(start, parent === undefined ? context.trace : parent.of);
  return { ...span, run: (task) => runInContext({ ...(currentContext() ?? context), trace: span.trace }, task) };
}

/**
 * Runs one outgoing HTTP request in a span of its own. `task` is given the headers that carry the current request on.
 * Calls outside of a request, such as a health check of an upstream, are marked as not recorded.
 */
export function withCallSpan<T>(
  method: string,
  url: URL,
  task: (headers: Record<string, string>, span: Span) => Promise<T>,
): Promise<T> {
  const context = currentContext();
  if (context === undefined) return task(running === 0 ? {} : { traceparent: UNRECORDED }, NO_SPAN);
  if (context.recorder === undefined) return task(contextHeaders(), NO_SPAN);
  const attributes = { 'http.request.method': method, 'server.address': url.hostname, 'server.port': portOf(url) };
  return withSpan({ name: method, kind: 'client', attributes }, (span) => task(contextHeaders(), span));
}

/** Well-formed and nobody's; its flag says that there is nothing to be recorded. */
const UNRECORDED = `00-${'1'.repeat(32)}-${'1'.repeat(16)}-00`;

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80));

/** Runs `task` in a span of its own, which fails when it throws. */
export async function withSpan<T>(start: OpenSpan, task: (span: Span) => Promise<T>): Promise<T> {
  const span = openSpan(start);
  if (span === NO_SPAN) return task(span);
  try {
    return await span.run(() => task(span));
  } catch (error) {
    span.fail(failureType(error));
    throw error;
  } finally {
    span.end();
  }
}

/** Passes on what `events` yields; the work for each is the span's. Ends the span with them. */
export async function* inSpan<T>(span: Span, events: AsyncIterable<T>, look: (event: T) => void): AsyncGenerator<T> {
  const iterator = span.run(() => events[Symbol.asyncIterator]());
  let isOver = false;
  try {
    for (;;) {
      const next = await span.run(() => iterator.next());
      isOver = next.done === true;
      if (next.done === true) return;
      look(next.value);
      yield next.value;
    }
  } catch (error) {
    isOver = true;
    span.fail(failureType(error));
    throw error;
  } finally {
    if (!isOver) await span.run(() => iterator.return?.());
    span.end();
  }
}

/** Few values, none of them a message: what was thrown may quote what somebody sent. */
function failureType(error: unknown): string {
  if (error instanceof MeshError) return error.code;
  return Error.isError(error) ? error.name.slice(0, 64) : 'unknown';
}
