import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ToolResult } from '@toolmesh/shared/contracts/tool';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { elapsed } from '@toolmesh/shared/kit/tools/tool-catalogue';
import type { ToolCallStatus, ToolOutcome } from '@toolmesh/shared/contracts/chat';
import type { FinishedCall, RunEvent } from '../events.ts';
import { tellOutcome } from '../render-result.ts';

export type CallTool = (name: string, args: unknown, context: ToolContext) => Promise<ToolResult>;

type Call = Pick<FinishedCall, 'id' | 'name' | 'arguments'>;

export interface Running {
  readonly callTool: CallTool;
  readonly signal: AbortSignal;
  /** Where progress and output go; absent when nobody listens, and the tool then need not tell. */
  readonly tell?: (event: RunEvent) => void;
}

/** Runs a call. Whatever goes wrong is told, to the model and to the caller, and never thrown. */
export async function runCall(call: Call, running: Running): Promise<FinishedCall> {
  const { signal } = running;
  const started = performance.now();
  try {
    const result = await untilAborted(signal, () =>
      running.callTool(call.name, call.arguments, contextOf(call, running)),
    );
    return finish(call, result.is_error ? 'error' : 'ok', result, elapsed(started));
  } catch (thrown) {
    if (signal.aborted)
      return refuseCall(call, 'skipped', new MeshError('unavailable', 'The call was cancelled'), started);
    const error = MeshError.from(thrown);
    return refuseCall(call, error.code === 'upstream_timeout' ? 'timeout' : 'error', error, started);
  }
}

/** The end of a call that did not run, or not to its end. */
export function refuseCall(call: Call, status: ToolCallStatus, problem: MeshError, started?: number): FinishedCall {
  const { code, message, details } = problem.toBody().error;
  const result = { error: { code, message, ...(details === undefined ? {} : { details }) } };
  return finish(call, status, result, started === undefined ? 0 : elapsed(started));
}

function finish(call: Call, status: ToolCallStatus, result: ToolOutcome, durationMs: number): FinishedCall {
  const { id, name, arguments: args } = call;
  return { id, name, arguments: args, status, result, durationMs, truncated: tellOutcome(result).truncated };
}

function contextOf({ id }: Call, { signal, tell }: Running): ToolContext {
  if (tell === undefined) return { signal, isListening: false, progress: () => {}, chunk: () => {} };
  return {
    signal,
    isListening: true,
    progress: ({ progress, total, message }) => tell({ type: 'tool_progress', id, progress, total, message }),
    chunk: (data) => tell({ type: 'tool_output', id, ...outputOf(data) }),
  };
}

/** A program's output says which stream it is of; what other tools send is shown as it is. */
function outputOf(data: unknown): { readonly text: string; readonly stream?: string } {
  if (typeof data === 'string') return { text: data };
  if (data instanceof Object && 'text' in data && typeof data.text === 'string') {
    const stream = 'stream' in data && typeof data.stream === 'string' ? { stream: data.stream } : {};
    return { text: data.text, ...stream };
  }
  return { text: JSON.stringify(data) ?? '' };
}
