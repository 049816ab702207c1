import { setTimeout as sleep } from 'node:timers/promises';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  type Breaker,
  createBreaker,
  createBulkhead,
  isUpstreamFault,
  mayHaveRun,
  retry,
} from '@toolmesh/shared/kit/faults/resilience';
import type { McpRequest, McpTool } from '@toolmesh/shared/mcp/protocol';
import type { HealthPoller } from './health-poller.ts';

export interface CallGuardOptions {
  /** Names the upstream in errors. */
  readonly name: string;
  /** Calls at the same time; as many again may wait. */
  readonly maxConcurrency: number;
  readonly poller: HealthPoller;
}

/** Circuit breaker, concurrency limit and retries of one upstream: keeps its failures from spreading, and calls from running twice. */
export interface CallGuard {
  readonly breaker: Breaker['state'];
  /** True while calls are under way. */
  readonly isBusy: boolean;
  /**
   * Runs a call from its first try to its end, within the limit of concurrent calls. Unless `harmless`, an error says
   * so if it is unknown whether the call ran.
   */
  run<T>(task: () => Promise<T>, harmless: boolean, signal: AbortSignal): Promise<T>;
  /** Runs one exchange, and again if it was lost on the way and is `harmless`. */
  exchange<T>(attempt: () => Promise<T>, harmless: boolean, signal: AbortSignal): Promise<T>;
  /** Resolves when all calls have ended, or after `graceMs`. */
  drained(graceMs: number): Promise<void>;
}

/** Retries after the first one, which follows at once. */
const FURTHER_TRIES = 1;

export function createCallGuard({ name, maxConcurrency, poller }: CallGuardOptions): CallGuard {
  const breaker = createBreaker({ name });
  const bulkhead = createBulkhead({ name, limit: maxConcurrency, queue: maxConcurrency });
  const running = new Set<object>();

  const guarded = async <T>(attempt: () => Promise<T>): Promise<T> => {
    try {
      const result = await breaker.run(attempt);
      poller.alive();
      return result;
    } catch (error) {
      // A real call shows sooner than the next poll that something is wrong.
      if (isUpstreamFault(error) && poller.status === 'up') void poller.check();
      throw error;
    }
  };

  return {
    get breaker() {
      return breaker.state;
    },
    get isBusy() {
      return running.size > 0;
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

/** Returns whether a request may be sent twice: all may but calls of tools without the hint. `tool`: the one it calls. */
export function isHarmless({ method }: McpRequest, tool: McpTool | undefined): boolean {
  if (method !== 'tools/call') return true;
  const { readOnlyHint, idempotentHint } = tool?.annotations ?? {};
  return readOnlyHint === true || idempotentHint === true;
}

/** Recognizes a call that was lost on the way. A call that is merely late may still be running. */
const isLost = (error: unknown): boolean => isUpstreamFault(error) && error.code === 'upstream_failed';

/** Marks the failure of a write that may have happened all the same: the caller must know before it tries again. */
function withUnknownOutcome(error: unknown): unknown {
  if (!mayHaveRun(error)) return error;
  return new MeshError(error.code, `${error.message}; whether it ran is unknown, so it was not tried again`, {
    cause: error,
    details: { outcome: 'unknown' },
  });
}
