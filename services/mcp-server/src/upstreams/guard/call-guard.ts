import { setTimeout as sleep } from 'node:timers/promises';
import type { Tool as McpTool } from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  type Breaker,
  createBreaker,
  createBulkhead,
  isUpstreamFault,
  retry,
  wasNeverSent,
} from '@toolmesh/shared/kit/faults/resilience';
import type { Presence } from './health-poller.ts';
import type { McpRequest } from '../upstream.ts';

export interface CallGuardOptions {
  /** Names the upstream in errors. */
  readonly name: string;
  /** Calls at the same time; as many again may wait. */
  readonly maxConcurrency: number;
  readonly presence: Presence;
}

/** Keeps an upstream that fails from taking others with it, and a call from running twice. */
export interface CallGuard {
  readonly breaker: Breaker['state'];
  /**
   * Runs a call from its first try to its end: not with too many others. What it throws says so if nobody knows whether
   * it ran, unless `harmless`.
   */
  run<T>(task: () => Promise<T>, harmless: boolean, signal: AbortSignal): Promise<T>;
  /** Makes one exchange; again, if it was lost on the way and is `harmless`. */
  exchange<T>(attempt: () => Promise<T>, harmless: boolean, signal: AbortSignal): Promise<T>;
  /** Resolves when all calls have ended, or after `graceMs`. */
  drained(graceMs: number): Promise<void>;
}

/** Tries after the second, for calls that may be repeated. The second follows at once. */
const FURTHER_TRIES = 1;

export function createCallGuard({ name, maxConcurrency, presence }: CallGuardOptions): CallGuard {
  const breaker = createBreaker({ name });
  const bulkhead = createBulkhead({ name, limit: maxConcurrency, queue: maxConcurrency });
  const running = new Set<object>();

  const guarded = async <T>(attempt: () => Promise<T>): Promise<T> => {
    try {
      const result = await breaker.run(attempt);
      if (presence.status !== 'up') void presence.refresh();
      return result;
    } catch (error) {
      // Real calls tell sooner than the next look that something is wrong.
      if (isUpstreamFault(error) && presence.status === 'up') void presence.refresh();
      throw error;
    }
  };

  return {
    get breaker() {
      return breaker.state;
    },
    run: (task, harmless, signal) =>
      bulkhead.run(async () => {
        const call = {};
        running.add(call);
        try {
          return await task();
        } catch (error) {
          throw harmless ? error : withUnknownOutcome(error);
        } finally {
          running.delete(call);
        }
      }, signal),
    async exchange(attempt, harmless, signal) {
      try {
        return await guarded(attempt);
      } catch (error) {
        if (!harmless || !isLost(error)) throw error;
        return retry(() => guarded(attempt), { retries: FURTHER_TRIES, isRetryable: isLost, signal });
      }
    },
    async drained(graceMs) {
      const deadline = performance.now() + graceMs;
      while (running.size > 0 && performance.now() < deadline) await sleep(20);
    },
  };
}

/** Whether a request may be sent twice: everything but calls of tools that do not say so. `tool`: the one it calls. */
export function isHarmless({ method }: McpRequest, tool: McpTool | undefined): boolean {
  if (method !== 'tools/call') return true;
  const { readOnlyHint, idempotentHint } = tool?.annotations ?? {};
  return readOnlyHint === true || idempotentHint === true;
}

/** Lost on the way, which another try may not be. A call that is merely late may still be running. */
const isLost = (error: unknown): boolean => error instanceof MeshError && error.code === 'upstream_failed';

/** A write that was cut off may have happened: whoever asked for it must know before asking again. */
function withUnknownOutcome(error: unknown): unknown {
  if (!isUpstreamFault(error) || wasNeverSent(error)) return error;
  return new MeshError(error.code, `${error.message}; whether it ran is unknown, so it was not tried again`, {
    cause: error,
    details: { outcome: 'unknown' },
  });
}
