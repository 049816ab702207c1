import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { ToolResult } from '@toolmesh/shared/contracts/tool';
import type { FinishedCall } from '../run/events.ts';
import { refuseCall } from '../run/calls/run-call.ts';
import type { TurnCall } from '../run/turns.ts';

/**
 * Returns the outcome of a call as a caller reports it: a result as it was streamed to it, or anything that it ran
 * itself.
 */
export function outcomeOf({ id, name, arguments: args }: TurnCall, output: unknown): FinishedCall {
  const known = ToolResult.safeParse(output);
  const text = typeof output === 'string' ? output : (JSON.stringify(output) ?? '');
  const result = known.data ?? { tool: name, is_error: false, content: [{ type: 'text', text }], duration_ms: 0 };
  const { is_error, duration_ms } = result;
  return {
    id,
    name,
    arguments: args,
    status: is_error ? 'error' : 'ok',
    result,
    durationMs: duration_ms,
    truncated: false,
  };
}

/** Returns the outcome of a call that did not run, as a caller reports it. */
export const failureOf = (call: TurnCall, status: 'error' | 'denied', message: string): FinishedCall =>
  refuseCall(call, status, new MeshError(status === 'denied' ? 'forbidden' : 'upstream_failed', message));
