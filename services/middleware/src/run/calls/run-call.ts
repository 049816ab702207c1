import type { ToolCallStatus, ToolOutcome } from '@toolmesh/shared/contracts/chat';
import type { ToolResult } from '@toolmesh/shared/contracts/tool';
import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { elapsed } from '@toolmesh/shared/kit/tools/tool-catalogue';
import type { FinishedCall, RunEvent } from '../events.ts';
import { renderOutcome } from '../render-outcome.ts';

export type CallTool = (name: string, args: unknown, context: ToolContext) => Promise<ToolResult>;

type Call = Pick<FinishedCall, 'id' | 'name' | 'arguments'>;

export interface RunCallOptions {
  readonly callTool: CallTool;
  readonly signal: AbortSignal;
  /** Receives progress and output. Without it the tool is not asked to report any. */
  readonly emit?: (event: RunEvent) => void;
}

/** Runs a call to its end. Never rejects: a failure is the call's outcome, for the model and for the caller. */
export async function runCall(call: Call, options: RunCallOptions): Promise<FinishedCall> {
  const { callTool, signal } = options;
  const started = performance.now();
  const end = (status: ToolCallStatus, result: ToolOutcome) =>
    finishCall(call, { status, result, durationMs: elapsed(started) });
  try {
    // A tool that ignores its signal is not waited for.
    const result = await untilAborted(signal, () => callTool(call.name, call.arguments, contextOf(call, options)));
    return end(result.is_error ? 'error' : 'ok', result);
  } catch (thrown) {
    if (signal.aborted) return end('skipped', failureOf(new MeshError('unavailable', 'The call was cancelled')));
    const error = MeshError.from(thrown);
    return end(error.code === 'upstream_timeout' ? 'timeout' : 'error', failureOf(error));
  }
}

/** Ends a call that does not run. */
export const refuseCall = (call: Call, status: ToolCallStatus, problem: MeshError): FinishedCall =>
  finishCall(call, { status, result: failureOf(problem), durationMs: 0 });

function failureOf(problem: MeshError): ToolOutcome {
  const { code, message, details } = problem.toBody().error;
  return { error: { code, message, ...(details === undefined ? {} : { details }) } };
}

function finishCall(
  { id, name, arguments: args }: Call,
  end: Pick<FinishedCall, 'status' | 'result' | 'durationMs'>,
): FinishedCall {
  return { id, name, arguments: args, ...end, truncated: renderOutcome(end.result).truncated };
}

function contextOf({ id }: Call, { signal, emit }: RunCallOptions): ToolContext {
  if (emit === undefined) return { signal, wantsProgress: false, progress: () => {}, chunk: () => {} };
  return {
    signal,
    wantsProgress: true,
    progress: ({ progress, total, message }) => emit({ type: 'tool_progress', id, progress, total, message }),
    chunk: (data) => emit({ type: 'tool_output', id, ...outputOf(data) }),
  };
}

/** Reads a piece of output: a program's names its stream, what other tools send is shown as it is. */
function outputOf(data: unknown): { readonly text: string; readonly stream?: string } {
  if (typeof data === 'string') return { text: data };
  if (data instanceof Object && 'text' in data && typeof data.text === 'string') {
    const stream = 'stream' in data && typeof data.stream === 'string' ? { stream: data.stream } : {};
    return { text: data.text, ...stream };
  }
  return { text: JSON.stringify(data) ?? '' };
}
