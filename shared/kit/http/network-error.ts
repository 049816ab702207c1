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

/** The meaning of the codes of an exchange that failed, in words that follow the name of the server. */
const WORDS: readonly (readonly [codes: RegExp, words: string])[] = [
  [/^ENOTFOUND$|^EAI_AGAIN$/, 'cannot be reached: its host name is not known'],
  [/^EHOSTUNREACH$|^ENETUNREACH$|^EHOSTDOWN$/, 'cannot be reached: no way leads to its address'],
  [/^EACCES$|^EPERM$/, 'cannot be reached: this machine does not allow connections to it'],
  [
    /^CERT_|^ERR_TLS_CERT|^DEPTH_ZERO_|^SELF_SIGNED_|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^ERR_TLS_INVALID/,
    'has a certificate that is not trusted; NODE_EXTRA_CA_CERTS names those of your organization',
  ],
  [/^ERR_SSL_|^EPROTO$|^ERR_TLS_/, 'does not speak TLS at this address; check http or https in its URL'],
  [/^HPE_INVALID_EOF_STATE$|^HPE_CLOSED_CONNECTION$/, 'dropped the connection before it had answered'],
  [/^HPE_|^UND_ERR_HEADERS_OVERFLOW$/, 'answered with something that is not HTTP'],
  [/^Z_(?!BUF_ERROR$)|^ERR__ERROR_FORMAT/, 'sent an answer whose compression is broken'],
];

const wordsOf = (code: string): string =>
  WORDS.find(([codes]) => codes.test(code))?.[1] ?? 'dropped the connection before it had answered';

/** Returns what a failed exchange with the server `name` means to a caller; `internal` for an error of our own. `maxResponseBytes` was its limit. */
export function networkError(name: string, cause: unknown, maxResponseBytes?: number): MeshError {
  if (isOwnFault(cause)) return MeshError.from(cause);
  const code = Error.isError(cause) && 'code' in cause ? String(cause.code) : '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new MeshError('upstream_timeout', `${name} did not accept a connection in time`, { cause });
  }
  if (TIMEOUT_CODES.has(code)) return new MeshError('upstream_timeout', `${name} did not answer in time`, { cause });
  if (code === TOO_LARGE_CODE) {
    const most = maxResponseBytes === undefined ? 'is accepted' : `${maxResponseBytes} bytes`;
    return new MeshError('upstream_failed', `${name} answered with more than ${most}`, { cause });
  }
  const words = wordsOf(code);
  const isReachable = !wasNeverSent(cause) || words.startsWith('cannot be reached');
  return new MeshError('upstream_failed', `${name} ${isReachable ? words : 'cannot be reached'}`, { cause });
}
