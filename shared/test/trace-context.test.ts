import { describe, expect, test } from '@jest/globals';
import { continueTrace, formatTraceparent } from '../kit/telemetry/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

describe('continueTrace', () => {
  test('keeps the trace and its flags, and makes a span of its own', () => {
    const { traceId, spanId, flags } = continueTrace(`00-${TRACE}-${PARENT}-01`);
    expect({ traceId, flags }).toEqual({ traceId: TRACE, flags: '01' });
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(spanId).not.toBe(PARENT);
  });

  test('reads a later version of the format by its first four fields', () => {
    expect(continueTrace(`01-${TRACE}-${PARENT}-01-more`).traceId).toBe(TRACE);
  });

  test.each([
    undefined,
    '',
    'nonsense',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
  ])('starts a new trace for %p', (traceparent) => {
    const { traceId } = continueTrace(traceparent);
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toBe(TRACE);
  });

  test('is written as the next service reads it', () => {
    const context = continueTrace(undefined);
    expect(continueTrace(formatTraceparent(context)).traceId).toBe(context.traceId);
  });
});
