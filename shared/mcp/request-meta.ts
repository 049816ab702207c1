import { CLIENT_CAPABILITIES_META_KEY, LOG_LEVEL_META_KEY } from '@modelcontextprotocol/client';
import { contextHeaders } from '../kit/telemetry/request-context.ts';
import { QUIET_META_KEY } from './meta.ts';
import type { McpResult, Requester } from './protocol.ts';

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
