import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import type { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** A worker in a pool with the calls that it runs; its figures are in the pool's state. */
export interface PoolMember<W> {
  readonly id: number;
  readonly worker: W;
  /** Runs `task`. Its signal aborts with `caller` and when the worker ends; the task is not waited for then. */
  run<T>(task: (worker: W, signal: AbortSignal) => Promise<T>, caller: AbortSignal): Promise<T>;
  /** Ends all its calls with `error`, and those that are still to begin. */
  fail(error: MeshError): void;
}

export function createPoolMember<W>(id: number, worker: W): PoolMember<W> {
  const running = new Set<AbortController>();
  let failure: MeshError | undefined;
  return {
    id,
    worker,
    async run(task, caller) {
      caller.throwIfAborted();
      if (failure !== undefined) throw failure;
      const own = new AbortController();
      const onAbort = (): void => own.abort(caller.reason);
      caller.addEventListener('abort', onAbort, { once: true });
      running.add(own);
      try {
        return await untilAborted(own.signal, () => task(worker, own.signal));
      } catch (error) {
        // A task fails in many ways when its worker is gone; the reason is the worker's end.
        throw own.signal.aborted ? own.signal.reason : (failure ?? error);
      } finally {
        running.delete(own);
        caller.removeEventListener('abort', onAbort);
      }
    },
    fail(error) {
      failure = error;
      for (const call of running) call.abort(error);
    },
  };
}
