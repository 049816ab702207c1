import {
  bulkhead as bulkheadPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  retry as retryPolicy,
} from 'cockatiel';
import { untilAborted } from './deadline.ts';
import { causeChain, MeshError } from './errors.ts';

/**
 * Returns true for a failure of an upstream: no answer, or a wrong one. A 4xx and an answer that is too long follow from
 * the request, and an upstream that says it is full has answered.
 */
export const isUpstreamFault = (error: unknown): error is MeshError => isFailure(error) && !isTooLarge(error);

/** Returns true for a failure after which nobody knows whether the request ran. */
export const mayHaveRun = (error: unknown): error is MeshError => isFailure(error) && !wasNeverSent(error);

function isFailure(error: unknown): error is MeshError {
  const hasFailed =
    error instanceof MeshError && (error.code === 'upstream_failed' || error.code === 'upstream_timeout');
  return hasFailed && ![...causeChain(error)].some(isRefusal);
}

const isTooLarge = (error: MeshError): boolean =>
  [...causeChain(error)].some((at) => 'code' in at && at.code === TOO_LARGE_CODE);

/** The status of an answer that was not a success: the cause of an error that it led to. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError';
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

const REQUEST_TIMEOUT = 408;
/** The code of an error for an answer that was longer than is accepted. */
export const TOO_LARGE_CODE = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';

function isRefusal(cause: Error): boolean {
  // The status of a MeshError is what its caller gets.
  const status = !(cause instanceof MeshError) && 'status' in cause ? Number(cause.status) : 0;
  return status >= 400 && status < 500 && status !== REQUEST_TIMEOUT;
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** Returns true when a request certainly did not reach the upstream, so that even a write may be sent again. */
export function wasNeverSent(error: unknown): boolean {
  return [...causeChain(error)].some(
    (at) =>
      ('code' in at && typeof at.code === 'string' && NEVER_SENT.has(at.code)) ||
      // One error per address that was tried.
      ('errors' in at && Array.isArray(at.errors) && at.errors.length > 0 && at.errors.every(wasNeverSent)),
  );
}

export interface Breaker {
  /**
   * @throws MeshError unavailable, without calling `task`, while the breaker is open. It names the first failure of those
   *   that opened it, and when the next call is let through.
   */
  run<T>(task: () => Promise<T>): Promise<T>;
  readonly state: 'closed' | 'open' | 'half_open';
}

export interface BreakerOptions {
  /** Names the upstream in the error. */
  readonly name: string;
  /** Failures in a row after which it opens. */
  readonly failureThreshold?: number;
  /** The time for which it stays open before one call is let through again. */
  readonly halfOpenAfterMs?: number;
}

const BREAKER_STATES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Isolated]: 'open',
} as const;

/**
 * Stops calls to an upstream that keeps failing. A refused connection does not count: it costs nothing to try, and
 * an upstream that comes back is then used at once.
 */
export function createBreaker({ name, failureThreshold = 5, halfOpenAfterMs = 1_000 }: BreakerOptions): Breaker {
  const counts = (error: unknown) => isUpstreamFault(error) && !wasNeverSent(error);
  const policy = circuitBreaker(handleWhen(counts), {
    halfOpenAfter: halfOpenAfterMs,
    breaker: new ConsecutiveBreaker(failureThreshold),
  });
  /** The first of the failures since the last success. */
  let firstFailure: MeshError | undefined;
  let openUntil = 0;
  policy.onBreak(() => {
    openUntil = performance.now() + halfOpenAfterMs;
  });
  const opened = (cause: unknown): MeshError => {
    const seconds = Math.max(0.1, (openUntil - performance.now()) / 1_000);
    const reason = firstFailure === undefined ? `${name} keeps failing` : `${firstFailure.message}, again and again`;
    const message = `${reason}; next try in ${Math.ceil(seconds)} s`;
    return new MeshError('unavailable', message, { cause: firstFailure ?? cause, retryAfterSeconds: seconds });
  };
  return {
    get state() {
      return BREAKER_STATES[policy.state];
    },
    async run(task) {
      try {
        const result = await policy.execute(task);
        firstFailure = undefined;
        return result;
      } catch (error) {
        if (isBrokenCircuitError(error)) throw opened(error);
        if (isUpstreamFault(error) && counts(error)) firstFailure ??= error;
        throw error;
      }
    },
  };
}

export interface BulkheadOptions {
  /** Names the upstream in the error. */
  readonly name: string;
  /** Tasks at the same time. */
  readonly limit: number;
  /** Tasks that may wait; further ones are turned away. */
  readonly queue: number;
}

/** Keeps one slow upstream from taking all there is: a bound on what is under way to it, and on what waits. */
export function createBulkhead({ name, limit, queue }: BulkheadOptions) {
  const policy = bulkheadPolicy(limit, queue);
  return {
    /** @throws MeshError unavailable when as many wait as may. */
    async run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
      try {
        return await policy.execute(task, signal);
      } catch (error) {
        if (!isBulkheadRejectedError(error)) throw error;
        throw new MeshError('unavailable', `${name} has ${limit} calls under way and ${queue} waiting already`, {
          cause: error,
        });
      }
    },
  };
}

export interface RetryOptions {
  /** Tries after the first one. */
  readonly retries: number;
  readonly isRetryable: (error: unknown) => boolean;
  readonly signal: AbortSignal;
  readonly baseDelayMs?: number;
  /** The longest pause; an upstream that asks for a longer one is not tried again. */
  readonly maxDelayMs?: number;
  readonly onRetry?: (error: unknown) => void;
}

/** Tries again with exponential back-off and full jitter, or after the pause that the upstream asked for. */
export async function retry<T>(task: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retries, isRetryable, signal, baseDelayMs = 200, maxDelayMs = 10_000, onRetry } = options;
  const asked = (error: unknown) => (error instanceof MeshError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0);
  const policy = retryPolicy(
    handleWhen((error) => isRetryable(error) && asked(error) <= maxDelayMs),
    {
      maxAttempts: retries,
      backoff: new DelegateBackoff(({ attempt, result }: { attempt: number; result: object }) => {
        const error: unknown = 'error' in result ? result.error : undefined;
        onRetry?.(error);
        return Math.max(asked(error), Math.random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1)));
      }),
    },
  );
  // Its timer must not keep a process alive whose caller has gone.
  const unrefed = policy.dangerouslyUnref();
  // The policy's own pauses cannot be interrupted; the caller need not wait for them.
  return untilAborted(signal, () => unrefed.execute(task, signal));
}
