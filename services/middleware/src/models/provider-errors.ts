import { MeshError, rootCause } from '@toolmesh/shared/kit/faults/errors';
import { networkError } from '@toolmesh/shared/kit/http/network-error';
import { wasNeverSent } from '@toolmesh/shared/kit/faults/resilience';
import { CONTEXT_LENGTH } from './context/context-window.ts';

/** What an HTTP answer of a provider that is not a success means to whoever chats. */
export function statusError(provider: string, status: number, detail: string, retryAfter?: string | null): MeshError {
  const words = `${provider} answered ${status}${detail === '' ? '' : `: ${detail.slice(0, 300)}`}`;
  const retryAfterSeconds = parseRetryAfter(retryAfter);
  const options = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  if (status === 429) return new MeshError('rate_limited', words, options);
  if (status === 503) return new MeshError('unavailable', words, options);
  if (status === 408 || status === 504) return new MeshError('upstream_timeout', words, options);
  if (TOO_LONG.test(detail)) return new MeshError('invalid_request', words, { details: { reason: CONTEXT_LENGTH } });
  return new MeshError('upstream_failed', words, { ...options, details: { provider_status: status } });
}

/** How OpenAI, Ollama, vLLM, llama.cpp and others say that a conversation is longer than the model's context. */
const TOO_LONG =
  /context[_ ](?:length|size|window)|maximum context|input length exceeds|prompt is too long|(?:input|prompt) (?:is )?longer than/i;

/** Seconds or an HTTP date (RFC 9110, section 10.2.3). */
function parseRetryAfter(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const until = Date.parse(value);
  return Number.isNaN(until) ? undefined : Math.max(0, (until - Date.now()) / 1_000);
}

/** What a failure without an answer means: the network, or a body that cannot be read. `url` is where it was asked. */
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

/** What a provider refuses for good: asking once more, or giving it a rest, changes nothing. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof MeshError && error.code === 'upstream_failed' && providerStatus(error) < 500;

/** Whether the same request may do better a moment later: not for a bad key or a bad request. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof MeshError)) return false;
  if (error.code === 'rate_limited' || error.code === 'unavailable' || error.code === 'upstream_timeout') return true;
  return error.code === 'upstream_failed' && !isRefusal(error);
}

/** The status behind an error; 500 where there was none, as of a connection that broke. */
function providerStatus({ details }: MeshError): number {
  return details instanceof Object && 'provider_status' in details ? Number(details.provider_status) : 500;
}
