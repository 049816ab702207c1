import { z } from 'zod';
import { ErrorBody } from '../contracts/errors.ts';
import { MeshError } from '../kit/faults/errors.ts';
import { currentContext, runInContext } from '../kit/telemetry/request-context.ts';
import { continueTrace } from '../kit/telemetry/trace-context.ts';

/** Where a result's `_meta` carries the mesh error behind it, so that the next service need not guess from the text. */
export const ERROR_META_KEY = 'io.toolmesh/error';
/** Where a progress notification's `_meta` carries the piece of output that it announces. */
export const CHUNK_META_KEY = 'io.toolmesh/chunk';

/** Where a call's `_meta` says that nobody listens: its progress keeps the call alive, its output may be kept back. */
export const QUIET_META_KEY = 'io.toolmesh/quiet';

/** Where a listed tool's `_meta` carries the upstream that it comes from: `{server, status}`. */
export const SOURCE_META_KEY = 'io.toolmesh/source';

/** A call that did not run, told as a tool error: that is what a model reads and can act on. */
export function errorResult(error: MeshError) {
  const content = [{ type: 'text' as const, text: `${error.code}: ${error.message}` }];
  const { code, message, details } = error;
  return { content, isError: true, _meta: { [ERROR_META_KEY]: { code, message, details } } };
}

const ErrorMeta = z.object({ [ERROR_META_KEY]: ErrorBody.shape.error });

/** The mesh error that a result stands for; undefined for a result of a tool that ran. */
export function errorOfResult(result: { _meta?: unknown }): MeshError | undefined {
  const meta = ErrorMeta.safeParse(result._meta);
  if (!meta.success) return undefined;
  const { code, message, details } = meta.data[ERROR_META_KEY];
  return new MeshError(code, message, { details });
}

const TraceMeta = z.looseObject({ traceparent: z.string().max(128) });

/**
 * Runs `task` in the trace that a request's `_meta` names (SEP-414). It is that of whoever called; what HTTP headers
 * name may be no more than a hop on the way. Without one, or with a malformed one, nothing changes.
 */
export function inTraceOf<T>(meta: unknown, task: () => T): T {
  const around = currentContext();
  const told = TraceMeta.safeParse(meta);
  if (around === undefined || !told.success) return task();
  const trace = continueTrace(told.data.traceparent);
  const isContinued = told.data.traceparent.includes(trace.traceId);
  if (!isContinued || trace.traceId === around.trace.traceId) return task();
  return runInContext({ ...around, trace }, task);
}
