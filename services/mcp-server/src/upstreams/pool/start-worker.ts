import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { PoolWorker, WorkerPoolOptions } from './worker-pool-options.ts';

export interface FailedStart {
  readonly error: MeshError;
  /** Resolves when a worker that came too late is closed. */
  readonly cleanup: Promise<void> | undefined;
}

/** The outcome of a start. */
export type Start<W> = { readonly worker: W } | FailedStart;

export type StartOptions<W extends PoolWorker> = Pick<WorkerPoolOptions<W>, 'name' | 'start'> & {
  readonly startTimeoutMs: number;
};

/** Starts a worker within the time for it. Never rejects. */
export async function startWorker<W extends PoolWorker>(
  { name, start, startTimeoutMs }: StartOptions<W>,
  signal: AbortSignal,
): Promise<Start<W>> {
  const late = () => new MeshError('upstream_timeout', `${name} was not ready within ${startTimeoutMs} ms`);
  let begun: Promise<W> | undefined;
  const begin = (own: AbortSignal): Promise<W> => {
    begun = start(own);
    return begun;
  };
  try {
    return { worker: await withDeadline({ signal, ms: startTimeoutMs, late }, begin) };
  } catch (cause) {
    const error =
      cause instanceof MeshError ? cause : new MeshError('upstream_failed', `${name} cannot be started`, { cause });
    return { error, cleanup: begun?.then((worker) => worker.close()).catch(() => {}) };
  }
}
