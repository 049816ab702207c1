import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import type { MeshError } from '@toolmesh/shared/kit/faults/errors';

/** A worker in a pool, and the calls that it is running. */
export interface PoolMember<W> {
  readonly worker: W;
  /** Calls that it has been given and that have not ended. */
  active: number;
  /** Calls that it has been given in all. */
  served: number;
  /** Milliseconds on the pool's clock. */
  lastUsedAt: number;
  /** When it was last known to be well. */
  lastHeardAt: number;
  pinging: boolean;
  /** A call on it was given up: it gets no more until it has answered a ping, for it may hang. */
  suspect: boolean;
  /** It gets no more calls and is closed after its last. */
  retiring: boolean;
  /** Runs `task`; its signal aborts with `caller` and when the worker ends, and then nobody waits for it any longer. */
  run<T>(task: (worker: W, signal: AbortSignal) => Promise<T>, caller: AbortSignal): Promise<T>;
  /** Ends all its calls with `error`, and those that are still to begin. */
  fail(error: MeshError): void;
}

export function createPoolMember<W>(worker: W, at: number): PoolMember<W> {
  const running = new Set<AbortController>();
  let failure: MeshError | undefined;
  return {
    worker,
    active: 0,
    served: 0,
    lastUsedAt: at,
    lastHeardAt: at,
    pinging: false,
    suspect: false,
    retiring: false,
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
        // What a task says when its worker has gone is a consequence of that.
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
