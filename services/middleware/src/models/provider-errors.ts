import { MeshError, rootCause } from '@toolmesh/shared/kit/faults/errors';
import { networkError } from '@toolmesh/shared/kit/http/network-error';
import { wasNeverSent } from '@toolmesh/shared/kit/faults/resilience';
import { CONTEXT_LENGTH } from './context/context-window.ts';

/** A response of a provider that is not a success. */
export interface FailedResponse {
  readonly status: number;
  /** The reason in the provider's words; may be empty. */
  readonly detail: string;
  /** The header of that name. */
  readonly retryAfter?: string | null | undefined;
}

/** Translates a response that is not a success. */
export function statusError(provider: string, { status, detail, retryAfter }: FailedResponse): MeshError {
  const words = `${provider} answered ${status}${detail === '' ? '' : `: ${detail.slice(0, 300)}`}`;
  const retryAfterSeconds = parseRetryAfter(retryAfter);
  const options = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  if (status === 429) return new MeshError('rate_limited', words, options);
  if (status === 503) return new MeshError('unavailable', words, options);
  if (status === 408 || status === 504) return new MeshError('upstream_timeout', words, options);
  if (TOO_LONG.test(detail)) return new MeshError('invalid_request', words, { details: { reason: CONTEXT_LENGTH } });
  return new MeshError('upstream_failed', words, { ...options, details: { provider_status: status } });
}

/**
 * The ways in which OpenAI, Ollama, vLLM, llama.cpp and others report that a conversation is longer than the model's
 * context.
 */
const TOO_LONG =
  /context[_ ](?:length|size|window)|maximum context|input length exceeds|prompt is too long|(?:input|prompt) (?:is )?longer than/i;

/** Parses Retry-After: seconds or an HTTP date (RFC 9110, section 10.2.3). */
function parseRetryAfter(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const until = Date.parse(value);
  return Number.isNaN(until) ? undefined : Math.max(0, (until - Date.now()) / 1_000);
}

/**
 * Translates a failure without a response: of the network, or of a body that cannot be read. `url` is the address of
 * the request.
 */
export function exchangeError(provider: string, url: string, cause: unknown): MeshError {
  const root = rootCause(cause);
  if (wasNeverSent(cause)) {
    const words = `${provider} cannot be reached at ${new URL(url).origin}`;
    // A refused connection costs nothing to try again.
    return new MeshError('unavailable', words, { cause, retryAfterSeconds: 0.2 });
  }
  if (Error.isError(root) && root.name === 'SyntaxError') return garbage(provider, cause);
  return networkError(provider, root);
}

export const tooLate = (provider: string, timeoutMs: number): MeshError =>
  new MeshError('upstream_timeout', `${provider} did not answer within ${timeoutMs} ms`);

export const garbage = (provider: string, cause?: unknown): MeshError =>
  new MeshError('upstream_failed', `${provider} sent an answer that cannot be understood`, { cause });

export const endedEarly = (provider: string, cause?: unknown): MeshError =>
  new MeshError('upstream_failed', `${provider} ended its answer before it was complete`, { cause });

/** Tells whether a provider refuses a request for good, so that neither a retry nor an open breaker helps. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof MeshError && error.code === 'upstream_failed' && providerStatus(error) < 500;

/** Tells whether the same request may succeed a moment later: not for a bad key or a bad request. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof MeshError)) return false;
  if (error.code === 'rate_limited' || error.code === 'unavailable' || error.code === 'upstream_timeout') return true;
  return error.code === 'upstream_failed' && !isRefusal(error);
}

/** Returns the status behind an error; 500 for one without, as of a broken connection. */
function providerStatus({ details }: MeshError): number {
  return details instanceof Object && 'provider_status' in details ? Number(details.provider_status) : 500;
}
