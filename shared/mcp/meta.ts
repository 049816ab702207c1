import { z } from 'zod';
import { ErrorBody } from '../contracts/errors.ts';
import { UpstreamStatus } from '../contracts/tool.ts';
import { MeshError } from '../kit/faults/errors.ts';
import { contextHeaders, currentContext, runInContext } from '../kit/telemetry/request-context.ts';
import { continueTrace } from '../kit/telemetry/trace-context.ts';
import type { McpResult, Requester } from './protocol.ts';

/** Key in a result's `_meta`: the mesh error behind it, so that the next service need not parse the text. */
export const ERROR_META_KEY = 'io.toolmesh/error';
/** Key in a progress notification's `_meta`: the piece of output that it announces. */
export const CHUNK_META_KEY = 'io.toolmesh/chunk';

/** Key in a call's `_meta`: true if nobody listens. Progress still keeps the call alive; output may be left out. */
export const QUIET_META_KEY = 'io.toolmesh/quiet';

/** Key in a listed tool's `_meta`: the upstream that it comes from, `{server, status, reason?}`. */
export const SOURCE_META_KEY = 'io.toolmesh/source';

/** Key in a result's `_meta`: the state that a process kept for the session is lost, `{reason}`. */
export const STATE_LOST_META_KEY = 'io.toolmesh/state_lost';

/** Key in a request's `_meta`: the conversation that it belongs to, an id that nobody can guess. */
export const CONVERSATION_META_KEY = 'io.toolmesh/conversation';

const Sourced = z.object({
  [SOURCE_META_KEY]: z.object({
    server: z.string(),
    status: UpstreamStatus,
    reason: z.string().optional(),
    name: z.string().optional(),
  }),
});

/** Returns where a hub has a tool from, with its own name there if the hub had to change it. */
export function sourceOf(tool: { readonly _meta?: unknown } | undefined): Source | undefined {
  const parsed = Sourced.safeParse(tool?._meta);
  return parsed.success ? parsed.data[SOURCE_META_KEY] : undefined;
}
export type Source = z.output<typeof Sourced>[typeof SOURCE_META_KEY];

/** Encodes a call that did not run as a tool error, which a model can read and act on. */
export function errorResult(error: MeshError) {
  const content = [{ type: 'text' as const, text: `${error.code}: ${error.message}` }];
  const { code, message, details } = error;
  return { content, isError: true, _meta: { [ERROR_META_KEY]: { code, message, details } } };
}

const ErrorMeta = z.object({ [ERROR_META_KEY]: ErrorBody.shape.error });

/** Returns the mesh error that a result stands for. Undefined for the result of a tool that ran. */
export function errorOfResult(result: { _meta?: unknown }): MeshError | undefined {
  const meta = ErrorMeta.safeParse(result._meta);
  if (!meta.success) return undefined;
  const { code, message, details } = meta.data[ERROR_META_KEY];
  return new MeshError(code, message, { details });
}

const TraceMeta = z.looseObject({ traceparent: z.string().max(128) });

/**
 * Runs `task` in the trace that a request's `_meta` names (SEP-414). That is the caller's trace;
 * HTTP headers may name a hop on the way. Without a trace, or with a malformed one, nothing changes.
 */
export function inTraceOf<T>(meta: unknown, task: () => T): T {
  const around = currentContext();
  const received = TraceMeta.safeParse(meta);
  if (around === undefined || !received.success) return task();
  const trace = continueTrace(received.data.traceparent);
  const isContinued = received.data.traceparent.includes(trace.traceId);
  if (!isContinued || trace.traceId === around.trace.traceId) return task();
  return runInContext({ ...around, trace }, task);
}

// The protocol's own keys. Servers load this file, too, and need not load the client's SDK for them.
const CLIENT_CAPABILITIES_META_KEY = 'io.modelcontextprotocol/clientCapabilities';
const LOG_LEVEL_META_KEY = 'io.modelcontextprotocol/logLevel';

/** Returns the `_meta` of a request: the caller's own, the trace, and on 2026-07-28 the caller's capabilities. */
export function requestMeta(given: unknown, from: Requester, isModern: boolean): McpResult {
  const { notify, capabilities, logLevel } = from;
  const { traceparent } = contextHeaders();
  return {
    ...Object(given),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(notify === undefined ? { [QUIET_META_KEY]: true } : {}),
    ...(isModern ? { [CLIENT_CAPABILITIES_META_KEY]: capabilities } : {}),
    ...(isModern && logLevel !== undefined ? { [LOG_LEVEL_META_KEY]: logLevel } : {}),
  };
}
