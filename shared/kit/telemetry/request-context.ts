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
  /** Programs around this request: 1 for a tool call that a program of `execute_code` makes. */
  readonly programDepth?: number;
  /** Names the call of the hub that the request is a part of: a program makes it for that call's caller. */
  readonly callTicket?: string;
  /** Address by which the caller reached the first of our services, without a slash at its end: URLs for it begin so. */
  readonly publicUrl?: string;
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
  /** The address of the first service, as a service before this one names it. */
  readonly publicUrl?: string | undefined;
}

/** Names the address of the first service to the next ones. */
export const PUBLIC_URL_HEADER = 'x-public-url';

/** Accepts the caller's ids where they are well-formed (contract, section 1), else makes new ones. */
export function openContext(
  { requestId, traceparent, baggage, publicUrl }: CallerIds,
  recorder?: Recorder,
): RequestContext {
  const accepted = requestId !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(requestId);
  const runId = entryOf(baggage, RUN_ID);
  const depth = entryOf(baggage, PROGRAM_DEPTH);
  const callTicket = entryOf(baggage, CALL_TICKET);
  return {
    requestId: accepted ? requestId : randomUUID(),
    trace: continueTrace(traceparent),
    ...(runId === undefined ? {} : { runId }),
    ...(depth === undefined ? {} : { programDepth: Number(depth) }),
    ...(callTicket === undefined ? {} : { callTicket }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
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
  const baggage = baggageOf(context);
  return {
    'x-request-id': context.requestId,
    traceparent: formatTraceparent(context.trace),
    ...(baggage === '' ? {} : { baggage }),
    ...(context.publicUrl === undefined ? {} : { [PUBLIC_URL_HEADER]: context.publicUrl }),
  };
}

/** An entry of the W3C header `baggage` (https://www.w3.org/TR/baggage/), and its values that are accepted. */
interface BaggageEntry {
  readonly key: string;
  readonly pattern: RegExp;
}

const RUN_ID = baggageEntry('toolmesh.run_id', '[A-Za-z0-9_-]{1,64}');
const PROGRAM_DEPTH = baggageEntry('toolmesh.program_depth', '[0-9]{1,3}');
const CALL_TICKET = baggageEntry('toolmesh.call', '[A-Za-z0-9_.-]{1,128}');
const MAX_BAGGAGE_CHARS = 8_192;

function baggageEntry(key: string, value: string): BaggageEntry {
  return { key, pattern: new RegExp(`(?:^|,)\\s*${key.replaceAll('.', '\\.')}\\s*=\\s*(${value})\\s*(?:[,;]|$)`) };
}

function entryOf(baggage: string | undefined, { pattern }: BaggageEntry): string | undefined {
  if (baggage === undefined || baggage.length > MAX_BAGGAGE_CHARS) return undefined;
  return pattern.exec(baggage)?.[1];
}

function baggageOf({ runId, programDepth, callTicket }: RequestContext): string {
  const entries = [
    [RUN_ID.key, runId],
    [PROGRAM_DEPTH.key, programDepth],
    [CALL_TICKET.key, callTicket],
  ];
  return entries.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(',');
}
