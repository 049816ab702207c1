import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { continueTrace, formatTraceparent, type TraceContext } from './trace-context.ts';

/** What every log line and every outgoing call of one request carries. */
export interface RequestContext {
  readonly requestId: string;
  readonly trace: TraceContext;
}

const storage = new AsyncLocalStorage<RequestContext>();

export const runInContext = <T>(context: RequestContext, task: () => T): T => storage.run(context, task);

/** The request being served, or undefined outside of one (start-up, timers). */
export const currentContext = (): RequestContext | undefined => storage.getStore();

/** Accepts the caller's ids where they are well-formed (contract, section 1), else makes new ones. */
export function openContext(requestId: string | undefined, traceparent: string | undefined): RequestContext {
  const accepted = requestId !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(requestId);
  return { requestId: accepted ? requestId : randomUUID(), trace: continueTrace(traceparent) };
}

/** The headers that carry the current request to the next service; empty outside of a request. */
export function contextHeaders(): Record<string, string> {
  const context = storage.getStore();
  if (context === undefined) return {};
  return { 'x-request-id': context.requestId, traceparent: formatTraceparent(context.trace) };
}
