import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { WorkerProcess } from '../workers/worker-process.ts';

export interface SessionsOptions {
  /** Sessions that may be open at the same time. */
  readonly max: number;
  /** Idle timeout: time after its last call at which a session ends. */
  readonly idleMs: number;
}

/** The needs of one call: what a session is opened with, and what its later calls have to match. */
export interface SessionCall {
  readonly id: string;
  /** Name of the runtime. */
  readonly runtime: string;
  /** The folder of its packages. */
  readonly packages: string | undefined;
  /** True when the call refuses a session with other packages. */
  readonly demandsPackages: boolean;
  readonly start: (signal: AbortSignal) => Promise<WorkerProcess>;
}

/** Workers that are kept between calls, one for each session. */
export interface Sessions {
  /**
   * Runs `task` with the session's worker once earlier calls of the session have ended; opens the session if need be.
   * @throws MeshError invalid_arguments for a call that does not match the session, unavailable when there are too many.
   */
  withWorker<T>(call: SessionCall, task: (worker: WorkerProcess) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Ends a session and the program that it runs. @throws MeshError not_found. */
  end(id: string): void;
  close(): void;
}

interface Session {
  readonly runtime: string;
  readonly packages: string | undefined;
  readonly worker: Promise<WorkerProcess>;
  /** Settles when the last call in the queue has ended. */
  last: Promise<unknown>;
  waiting: number;
  idleTimer: NodeJS.Timeout | undefined;
}

/** Calls of one session that may wait for each other. */
const MAX_WAITING = 16;

export function createSessions({ max, idleMs }: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>();

  const end = (id: string, session: Session): void => {
    if (sessions.get(id) === session) sessions.delete(id);
    clearTimeout(session.idleTimer);
    session.worker.then((worker) => worker.kill()).catch(() => {});
  };

  const open = ({ id, runtime, packages, start }: SessionCall, signal: AbortSignal): Session => {
    if (sessions.size >= max) {
      throw new MeshError('unavailable', `All ${max} sessions are in use; end one by DELETE /sessions/{id}`);
    }
    const worker = start(signal);
    const session: Session = { runtime, packages, worker, last: worker, waiting: 0, idleTimer: undefined };
    sessions.set(id, session);
    // A worker that never came or that has gone takes the session with it; the next call opens another.
    worker
      .then(({ gone }) => gone)
      .then(
        () => end(id, session),
        () => end(id, session),
      );
    return session;
  };

  return {
    async withWorker(call, task, signal) {
      signal.throwIfAborted();
      const { id } = call;
      const session = sessions.get(id) ?? open(call, signal);
      refuseMismatch(session, call);
      clearTimeout(session.idleTimer);
      session.waiting += 1;
      try {
        return await runInTurn(session, signal, async (worker) => {
          try {
            return await task(worker);
          } finally {
            if (worker.isOver()) end(id, session);
          }
        });
      } finally {
        session.waiting -= 1;
        if (session.waiting === 0) session.idleTimer = setTimeout(() => end(id, session), idleMs).unref();
      }
    },
    end: (id) => {
      const session = sessions.get(id);
      if (session === undefined) throw new MeshError('not_found', `There is no session "${id}"`);
      end(id, session);
    },
    close: () => sessions.forEach((session, id) => end(id, session)),
  };
}

function refuseMismatch(session: Session, { runtime, packages, demandsPackages }: SessionCall): void {
  if (session.runtime !== runtime) throw mismatch('language', 'the session was begun in another language');
  if (demandsPackages && session.packages !== packages) {
    throw mismatch('packages', 'the packages of a session are those of its first call');
  }
  if (session.waiting >= MAX_WAITING) {
    throw new MeshError('unavailable', `${MAX_WAITING} calls of this session are waiting already`);
  }
}

/** Runs `task` once the earlier calls of the session have ended. */
async function runInTurn<T>(
  session: Session,
  signal: AbortSignal,
  task: (worker: WorkerProcess) => Promise<T>,
): Promise<T> {
  const turn = session.last.then(
    () => {},
    () => {},
  );
  const call = turn.then(async () => {
    signal.throwIfAborted();
    return task(await session.worker);
  });
  session.last = call;
  call.catch(() => {});
  // A caller may leave while it waits for its turn; from then on its call ends by itself.
  await untilAborted(signal, () => turn);
  return call;
}

const mismatch = (path: string, message: string): MeshError =>
  new MeshError('invalid_arguments', `Invalid arguments for the session: ${message}`, { details: [{ path, message }] });
