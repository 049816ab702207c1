import { SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { z } from 'zod';
import { MeshError, rootCause } from '../kit/faults/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { isOwnFault, networkError } from '../kit/http/network-error.ts';
import { MAX_JSON_DEPTH } from '../kit/json/depth.ts';
import { ProtocolError } from './protocol.ts';

/**
 * Returns whether an error concerns the connection itself. A refusal, one slow call or arguments that cannot be sent say
 * nothing of other calls on it; anything else that is not an answer does.
 */
export const isConnectionFailure = (error: unknown): boolean =>
  !(error instanceof ProtocolError) &&
  !(error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) &&
  !isOwnFault(rootCause(error));

const CODES_BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [413, 'payload_too_large'],
  [429, 'rate_limited'],
  [503, 'unavailable'],
]);

/** Returns what an answer of the MCP server `name` with an HTTP status, and no message of MCP, means to a caller. */
export function statusError(name: string, status: number, cause: unknown): MeshError {
  const code = CODES_BY_STATUS.get(status) ?? 'upstream_failed';
  return new MeshError(code, `${name} answered with status ${status}`, { cause });
}

const ReceivedError = z.object({
  code: z.literal('tool_not_found'),
  message: z.string(),
  details: z.unknown().optional(),
});

/** Returns the error of the server `name` for an answer of more levels than can be passed on. */
export const tooDeep = (name: string, levels = MAX_JSON_DEPTH): MeshError =>
  new MeshError('upstream_failed', `${name} sent an answer that is nested deeper than ${levels} levels`);

/** Translates the failure of an exchange with the MCP server `name` for the caller of the request. */
export function meshErrorOf(name: string, error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (error instanceof ProtocolError) {
    const received = ReceivedError.safeParse(error.data);
    if (received.success)
      return new MeshError(received.data.code, received.data.message, { details: received.data.details });
    return new MeshError('upstream_failed', `${name} refused the call: ${error.message}`, { cause: error });
  }
  if (error instanceof SdkHttpError) return statusError(name, error.status ?? 0, error);
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
    return new MeshError('upstream_timeout', `${name} did not answer in time`, { cause: error });
  }
  if (error instanceof SdkError && error.code === SdkErrorCode.InvalidResult) {
    return new MeshError('upstream_failed', `${name} sent an answer that is not MCP`, { cause: error });
  }
  // The SDK wraps what fetch threw, and fetch what the socket did.
  return networkError(name, rootCause(error));
}
