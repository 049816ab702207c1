import { withDeadline } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';

export interface Preparation {
  /** Names it in errors: `Go’s standard library`. */
  readonly title: string;
  run(): Promise<void>;
}

/** The longest that a program waits for what its language needs, in milliseconds. */
const PATIENCE_MS = 90_000;
const RETRY_SECONDS = 30;

/**
 * Returns a function that has something done at the first call and waits for it at each. It goes on when a caller leaves,
 * and is tried again after a failure.
 * @throws MeshError unavailable when it takes longer than a caller waits, or fails
 */
export function prepareOnce({ title, run }: Preparation): (signal: AbortSignal) => Promise<void> {
  let done: Promise<void> | undefined;
  const begin = () => {
    const started = run();
    done = started;
    started.catch(() => {
      done = undefined;
    });
    return started;
  };
  const late = () =>
    new MeshError('unavailable', `${title} is being prepared, which takes minutes once: ask again`, {
      retryAfterSeconds: RETRY_SECONDS,
    });
  return (signal) => withDeadline({ signal, ms: PATIENCE_MS, late }, () => (done ?? begin()).catch(failed(title)));
}

const failed = (title: string) => (error: unknown) => {
  throw new MeshError('unavailable', `${title} could not be prepared`, { cause: error });
};
