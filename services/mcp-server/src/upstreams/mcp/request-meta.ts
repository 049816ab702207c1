import { CLIENT_CAPABILITIES_META_KEY, LOG_LEVEL_META_KEY } from '@modelcontextprotocol/client';
import { QUIET_META_KEY } from '@toolmesh/shared/mcp/meta';
import { contextHeaders } from '@toolmesh/shared/kit/telemetry/request-context';
import type { Caller, McpResult } from '../upstream.ts';

/** What travels beside a request: the caller's own, the trace, and what the caller can do. */
export function requestMeta(given: unknown, { notify, capabilities, logLevel }: Caller, isModern: boolean): McpResult {
  const { traceparent } = contextHeaders();
  return {
    ...Object(given),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(notify === undefined ? { [QUIET_META_KEY]: true } : {}),
    ...(isModern ? { [CLIENT_CAPABILITIES_META_KEY]: capabilities } : {}),
    ...(isModern && logLevel !== undefined ? { [LOG_LEVEL_META_KEY]: logLevel } : {}),
  };
}
