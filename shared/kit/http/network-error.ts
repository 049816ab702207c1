import { MeshError } from '../faults/errors.ts';
import { TOO_LARGE_CODE, wasNeverSent } from '../faults/resilience.ts';

const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Errors of a program that is wrong, or was given values that cannot be sent: nothing that a socket or a peer causes. */
const OWN_ERRORS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'EvalError', 'URIError', 'DataCloneError']);
const OWN_CODES = /^(?:ERR_INVALID_|ERR_HTTP_INVALID_|UND_ERR_INVALID_ARG$|UND_ERR_NOT_SUPPORTED$)/;

/** Returns true for an error that arose here, such as by arguments that no JSON can carry, and not at the peer. */
export function isOwnFault(cause: unknown): boolean {
  if (!Error.isError(cause)) return false;
  const code = 'code' in cause ? String(cause.code) : '';
  return OWN_ERRORS.has(cause.name) || OWN_CODES.test(code);
}

/** Returns what a failed exchange with the server `name` means to a caller; `internal` for an error of our own. `maxResponseBytes` was its limit. */
export function networkError(name: string, cause: unknown, maxResponseBytes?: number): MeshError {
  if (isOwnFault(cause)) return MeshError.from(cause);
  const code = Error.isError(cause) && 'code' in cause ? String(cause.code) : '';
  if (TIMEOUT_CODES.has(code)) return new MeshError('upstream_timeout', `${name} did not answer in time`, { cause });
  if (code === TOO_LARGE_CODE) {
    const most = maxResponseBytes === undefined ? 'is accepted' : `${maxResponseBytes} bytes`;
    return new MeshError('upstream_failed', `${name} answered with more than ${most}`, { cause });
  }
  if (wasNeverSent(cause)) return new MeshError('upstream_failed', `${name} cannot be reached`, { cause });
  return new MeshError('upstream_failed', `${name} dropped the connection before it had answered`, { cause });
}
