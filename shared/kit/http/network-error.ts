import { MeshError } from '../faults/errors.ts';
import { wasNeverSent } from '../faults/resilience.ts';

const TIMEOUT_CODES = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const TOO_LARGE_CODE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';

/** Returns what a failed exchange with the server `name` means to a caller. `maxResponseBytes` was its limit. */
export function networkError(name: string, cause: unknown, maxResponseBytes?: number): MeshError {
  const code = Error.isError(cause) && 'code' in cause ? String(cause.code) : '';
  if (TIMEOUT_CODES.has(code)) return new MeshError('upstream_timeout', `${name} did not answer in time`, { cause });
  if (code === TOO_LARGE_CODE) {
    const most = maxResponseBytes === undefined ? 'is accepted' : `${maxResponseBytes} bytes`;
    return new MeshError('upstream_failed', `${name} answered with more than ${most}`, { cause });
  }
  if (wasNeverSent(cause)) return new MeshError('upstream_failed', `${name} cannot be reached`, { cause });
  return new MeshError('upstream_failed', `${name} dropped the connection before it had answered`, { cause });
}
