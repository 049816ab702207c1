import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { WorkerProcess } from '../workers/worker-process.ts';

export interface SessionsOptions {
  /** Sessions that may be open at the same time. */
  readonly max: number;
  /** How long a session is kept after its last call. */
  readonly idleMs: number;
}

/** What a session is opened with. Its later calls have to fit. */
export interface SessionNeeds {
  /** Which runtime its worker is of. */
  readonly runtime: string;
  /** The folder of its packages. */
  readonly packages: string | undefined;
  /** Whether a session with other packages will not do. */
  readonly demandsPackages: boolean;
  readonly start: (signal: AbortSignal) => Promise<WorkerProcess>;
}

/** Workers that live on between calls, one for each session. */
export interface Sessions {
  /**
   * Gives `task` the session's worker once earlier calls of the same session are through; opens it if need be.
   * @throws MeshError invalid_arguments for a call that does not fit the session, unavailable when there are too many.
   */
  withWorker<T>(
    id: string,
    needs: SessionNeeds,
    task: (worker: WorkerProcess) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Ends a session and whatever it runs. @throws MeshError not_found. */
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

  const open = (id: string, { runtime, packages, start }: SessionNeeds, signal: AbortSignal): Session => {
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

  const find = (id: string, needs: SessionNeeds, signal: AbortSignal): Session => {
    const session = sessions.get(id);
    if (session === undefined) return open(id, needs, signal);
    if (session.runtime !== needs.runtime) throw misfit('language', 'the session was begun in another language');
    if (needs.demandsPackages && session.packages !== needs.packages) {
      throw misfit('packages', 'the packages of a session are those of its first call');
    }
    if (session.waiting >= MAX_WAITING) {
      throw new MeshError('unavailable', `${MAX_WAITING} calls of this session are waiting already`);
    }
    return session;
  };

  return {
    async withWorker(id, needs, task, signal) {
      signal.throwIfAborted();
      const session = find(id, needs, signal);
      clearTimeout(session.idleTimer);
      session.waiting += 1;
      const turn = session.last.then(
        () => {},
        () => {},
      );
      const call = turn.then(async () => {
        signal.throwIfAborted();
        const worker = await session.worker;
        try {
          return await task(worker);
        } finally {
          if (worker.isOver()) end(id, session);
        }
      });
      session.last = call;
      call.catch(() => {});
      try {
        // A caller may leave while it waits for its turn; from then on its call ends by itself.
        await untilAborted(signal, () => turn);
        return await call;
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

const misfit = (path: string, message: string): MeshError =>
  new MeshError('invalid_arguments', `Invalid arguments for the session: ${message}`, { details: [{ path, message }] });
