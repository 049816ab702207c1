import { z } from 'zod';
import { MeshError, rootCause } from '../kit/faults/errors.ts';
import { isOwnFault, networkError } from '../kit/http/network-error.ts';
import { codeOfStatus, ConnectionClosed, HttpFailure, NotMcp, RequestTimedOut } from './client/failures.ts';
import { ProtocolError } from './protocol.ts';

/** The longest answer of a server, in bytes. */
const MAX_ANSWER_BYTES = 64 * 1_024 ** 2;

/**
 * Returns whether an error concerns the connection itself. A refusal, one slow call or arguments that cannot be sent say
 * nothing of other calls on it; anything else that is not an answer does.
 */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof ProtocolError || error instanceof RequestTimedOut) return false;
  if (error instanceof HttpFailure) return codeOfStatus(error.status) === 'upstream_failed';
  if (error instanceof MeshError) return error.code === 'upstream_failed' || error.code === 'upstream_timeout';
  return !isOwnFault(rootCause(error));
}

const ReceivedError = z.object({
  code: z.literal('tool_not_found'),
  message: z.string(),
  details: z.unknown().optional(),
});

/** Returns what to do about a status that is no success, if that is clear. */
function hintOf({ status, retryAfterSeconds, wwwAuthenticate }: HttpFailure): string | undefined {
  if (status === 401 || status === 403 || status === 407) return credentialsHint(status, wwwAuthenticate);
  const when = retryAfterSeconds === undefined ? 'later' : `in ${Math.ceil(retryAfterSeconds)} s`;
  if (status === 429) return `it has had too many requests; try again ${when}`;
  if (status === 503) return `it is not available for now; try again ${when}`;
  return undefined;
}

/** Returns where credentials belong, and who gives them out if the server says so (RFC 9728). */
function credentialsHint(status: number, wwwAuthenticate: string | undefined): string {
  const metadata = /resource_metadata="([^"]{1,2048})"/.exec(wwwAuthenticate ?? '')?.[1];
  const host = metadata === undefined ? undefined : URL.parse(metadata)?.host;
  const from = host === undefined ? '' : ` (${host} says who gives them out)`;
  const wants = status === 403 ? 'it does not accept these credentials' : 'it wants credentials';
  return `${wants}${from}: set "headers" of its entry in mesh.json, such as {"Authorization": "Bearer ..."}`;
}

/** Translates the failure of an exchange with the MCP server `name` for the caller of the request. */
export function meshErrorOf(name: string, error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  if (error instanceof ProtocolError) {
    const received = ReceivedError.safeParse(error.data);
    if (received.success)
      return new MeshError(received.data.code, received.data.message, { details: received.data.details });
    const details = error.data === undefined ? {} : { details: { code: error.code, data: error.data } };
    return new MeshError('upstream_failed', `${name} refused the call: ${error.message}`, { cause: error, ...details });
  }
  if (error instanceof HttpFailure) {
    const { status, message, retryAfterSeconds } = error;
    const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    const hint = hintOf(error);
    const words = hint === undefined ? message : `${message}; ${hint}`;
    return new MeshError(codeOfStatus(status), `${name} ${words}`, { cause: error, ...retry });
  }
  if (error instanceof RequestTimedOut) {
    return new MeshError('upstream_timeout', `${name} ${error.message}`, { cause: error });
  }
  if (error instanceof NotMcp || error instanceof ConnectionClosed) {
    return new MeshError('upstream_failed', `${name} ${error.message}`, { cause: error });
  }
  return networkError(name, rootCause(error), MAX_ANSWER_BYTES);
}
