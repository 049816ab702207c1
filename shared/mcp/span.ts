import { currentContext } from '../kit/telemetry/request-context.ts';
import { parseTraceparent } from '../kit/telemetry/trace-context.ts';
import { isTracing, withSpan } from '../kit/telemetry/tracing.ts';

export interface McpSpanOptions {
  readonly kind: 'server' | 'client';
  /** The method of the request: `tools/call`. */
  readonly method: string;
  /** The tool or prompt that it names. */
  readonly target: unknown;
  /** From the `_meta` of an incoming request. */
  readonly traceparent?: unknown;
}

const MAX_NAME = 128;

/**
 * Runs one MCP request in a span `{method} {target}`, by OpenTelemetry's conventions for MCP. A trace that the
 * request's `_meta` names is continued, unless the HTTP request that brought it belongs to the same one and is nearer.
 */
export function withMcpSpan<T>(options: McpSpanOptions, task: () => Promise<T>): Promise<T> {
  if (!isTracing()) return task();
  const { kind, method } = options;
  const target = typeof options.target === 'string' ? options.target.slice(0, MAX_NAME) : undefined;
  const attributes = {
    'mcp.method.name': method,
    ...(method === 'tools/call' && { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': target }),
    ...(method === 'prompts/get' && { 'gen_ai.prompt.name': target }),
  };
  const named = parseTraceparent(typeof options.traceparent === 'string' ? options.traceparent : undefined);
  const parent = named === undefined || named.traceId === currentContext()?.trace.traceId ? undefined : { of: named };
  const run = async (span: { fail(type: string): void }) => {
    const result = await task();
    if (isToolError(result)) span.fail('tool_error');
    return result;
  };
  const name = target === undefined ? method : `${method} ${target}`;
  return withSpan({ name, kind, attributes, parent }, run);
}

/** Recognizes the result of a tool that ran and failed, in MCP's form or ours. */
function isToolError(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false;
  return ('isError' in result && result.isError === true) || ('is_error' in result && result.is_error === true);
}

/** Returns the span of an incoming request; `request` is the SDK's view of it. */
export const serverSpan = (
  method: string,
  target: unknown,
  request: { readonly _meta?: Readonly<Record<string, unknown>> | undefined },
): McpSpanOptions => ({ kind: 'server', method, target, traceparent: request._meta?.['traceparent'] });
