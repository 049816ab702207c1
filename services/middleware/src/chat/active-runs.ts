import { setTimeout as sleep } from 'node:timers/promises';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** The runs that are under way, so that they can be ended from elsewhere. */
export interface ActiveRuns {
  /** Registers a run; its signal aborts when `caller` does or the run is cancelled. */
  start(runId: string, sessionId: string, caller: AbortSignal): { readonly signal: AbortSignal; end(): void };
  /** Whether there was such a run. */
  cancel(runId: string): boolean;
  cancelSession(sessionId: string): void;
  /** Cancels all, and waits a moment for what they still have to save. */
  stop(): Promise<void>;
}

const STOP_MS = 1_000;

export function createActiveRuns(): ActiveRuns {
  const runs = new Map<string, { readonly sessionId: string; readonly controller: AbortController }>();
  const cancel = ({ controller }: { readonly controller: AbortController }) =>
    controller.abort(new MeshError('unavailable', 'The run was cancelled'));
  return {
    start(runId, sessionId, caller) {
      const controller = new AbortController();
      const leave = () => controller.abort(caller.reason);
      caller.addEventListener('abort', leave, { once: true });
      if (caller.aborted) leave();
      runs.set(runId, { sessionId, controller });
      return {
        signal: controller.signal,
        end() {
          caller.removeEventListener('abort', leave);
          runs.delete(runId);
        },
      };
    },
    cancel(runId) {
      const run = runs.get(runId);
      if (run !== undefined) cancel(run);
      return run !== undefined;
    },
    cancelSession(sessionId) {
      for (const run of runs.values()) if (run.sessionId === sessionId) cancel(run);
    },
    async stop() {
      for (const run of runs.values()) cancel(run);
      const until = performance.now() + STOP_MS;
      while (runs.size > 0 && performance.now() < until) await sleep(10);
    },
  };
}
