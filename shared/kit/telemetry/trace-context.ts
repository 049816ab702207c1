import { randomUUID } from 'node:crypto';

/** One hop of a W3C trace (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  /** 32 hex digits, the same on every hop of one request. */
  readonly traceId: string;
  /** 16 hex digits, this hop's own. */
  readonly spanId: string;
  /** Two hex digits, passed on unchanged: bit 0 says that the caller records the trace. */
  readonly flags: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The hop that `traceparent` names; undefined when it is absent or malformed. */
export function parseTraceparent(traceparent: string | undefined): TraceContext | undefined {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const isValid =
    version !== 'ff' && !(version === '00' && more !== undefined) && !/^0+$/.test(traceId) && !/^0+$/.test(spanId);
  return isValid ? { traceId, spanId, flags } : undefined;
}

/** Continues the trace that `traceparent` names, or starts one when it is absent or malformed. */
export function continueTrace(traceparent: string | undefined): TraceContext {
  const { traceId = randomHex(), flags = '00' } = parseTraceparent(traceparent) ?? {};
  return { traceId, spanId: randomHex().slice(16), flags };
}

/** 32 hex digits, all but six bits of them random; Node keeps randomness for UUIDs in stock, which is what makes it cheap. */
const randomHex = (): string => randomUUID().replaceAll('-', '');

export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags}`;
}
