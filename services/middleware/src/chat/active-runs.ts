import { setTimeout as sleep } from 'node:timers/promises';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** The runs that are under way, so that other requests can end them. */
export interface ActiveRuns {
  readonly count: number;
  /** Registers a run; its signal aborts when the caller's does or the run is cancelled. */
  start(run: NewRun): { readonly signal: AbortSignal; end(): void };
  /** Cancels a run; returns whether there was one of that id. */
  cancel(runId: string): boolean;
  cancelSession(sessionId: string): void;
  /** Cancels all runs and waits a moment for what they still have to save. */
  stop(): Promise<void>;
}

export interface NewRun {
  readonly runId: string;
  readonly sessionId: string;
  readonly caller: AbortSignal;
}

const STOP_MS = 1_000;

export function createActiveRuns(): ActiveRuns {
  const runs = new Map<string, { readonly sessionId: string; readonly controller: AbortController }>();
  const cancel = ({ controller }: { readonly controller: AbortController }) =>
    controller.abort(new MeshError('unavailable', 'The run was cancelled'));
  return {
    get count() {
      return runs.size;
    },
    start({ runId, sessionId, caller }) {
      const controller = new AbortController();
      const onCallerAbort = () => controller.abort(caller.reason);
      caller.addEventListener('abort', onCallerAbort, { once: true });
      if (caller.aborted) onCallerAbort();
      runs.set(runId, { sessionId, controller });
      return {
        signal: controller.signal,
        end() {
          caller.removeEventListener('abort', onCallerAbort);
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
