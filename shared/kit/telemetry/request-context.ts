import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { Recorder } from './span.ts';
import { continueTrace, formatTraceparent, type TraceContext } from './trace-context.ts';

/** Values that every log line and every outgoing call of one request carries. */
export interface RequestContext {
  readonly requestId: string;
  readonly trace: TraceContext;
  /** The run of a chat that the request belongs to, once there is one. */
  runId?: string;
  /** Records the request's spans; absent where the service that serves it does not trace. */
  readonly recorder?: Recorder;
}

const storage = new AsyncLocalStorage<RequestContext>();

export const runInContext = <T>(context: RequestContext, task: () => T): T => storage.run(context, task);

/** The request being served, or undefined outside of one (start-up, timers). */
export const currentContext = (): RequestContext | undefined => storage.getStore();

/** Identity and trace that a caller sends in the headers of its request. */
export interface CallerIds {
  readonly requestId?: string | undefined;
  readonly traceparent?: string | undefined;
  /** The W3C header that may name the run. */
  readonly baggage?: string | undefined;
}

/** Accepts the caller's ids where they are well-formed (contract, section 1), else makes new ones. */
export function openContext({ requestId, traceparent, baggage }: CallerIds, recorder?: Recorder): RequestContext {
  const accepted = requestId !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(requestId);
  const runId = runIdOf(baggage);
  return {
    requestId: accepted ? requestId : randomUUID(),
    trace: continueTrace(traceparent),
    ...(runId === undefined ? {} : { runId }),
    ...(recorder === undefined ? {} : { recorder }),
  };
}

/** Says that the current request belongs to a run, in its log lines and in the services that it calls from now on. */
export function joinRun(runId: string): void {
  const context = storage.getStore();
  if (context !== undefined) context.runId = runId;
}

/** The headers that carry the current request to the next service; empty outside of a request. */
export function contextHeaders(): Record<string, string> {
  const context = storage.getStore();
  if (context === undefined) return {};
  return {
    'x-request-id': context.requestId,
    traceparent: formatTraceparent(context.trace),
    ...(context.runId === undefined ? {} : { baggage: `${RUN_ID_KEY}=${context.runId}` }),
  };
}

/** The entry of the W3C header `baggage` (https://www.w3.org/TR/baggage/) that names the run. */
const RUN_ID_KEY = 'toolmesh.run_id';

function runIdOf(baggage: string | undefined): string | undefined {
  if (baggage === undefined || baggage.length > 8_192) return undefined;
  const [, id] = /(?:^|,)\s*toolmesh\.run_id\s*=\s*([A-Za-z0-9_-]{1,64})\s*(?:[,;]|$)/.exec(baggage) ?? [];
  return id;
}
