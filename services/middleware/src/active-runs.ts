import { MeshError } from '@toolmesh/shared/errors';

/** The runs that are under way, so that they can be ended from elsewhere. */
export interface ActiveRuns {
  /** Registers a run; its signal aborts when `caller` does or the run is cancelled. */
  start(runId: string, sessionId: string, caller: AbortSignal): { readonly signal: AbortSignal; end(): void };
  /** Whether there was such a run. */
  cancel(runId: string): boolean;
  cancelSession(sessionId: string): void;
  readonly size: number;
}

export function createActiveRuns(): ActiveRuns {
  const runs = new Map<string, { readonly sessionId: string; readonly controller: AbortController }>();
  const stop = ({ controller }: { readonly controller: AbortController }) =>
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
      if (run !== undefined) stop(run);
      return run !== undefined;
    },
    cancelSession(sessionId) {
      for (const run of runs.values()) if (run.sessionId === sessionId) stop(run);
    },
    get size() {
      return runs.size;
    },
  };
}
