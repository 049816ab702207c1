import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Budget } from '../workers/budget.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import { inTurn, openSession, type Session } from './session.ts';

export interface SessionsOptions {
  /** Sessions that may be open at the same time. */
  readonly max: number;
  /** Idle timeout: time after its last call at which a session ends. */
  readonly idleMs: number;
  /** Lets their programs run, and ends sessions at rest, the one that has rested longest first, where it needs their memory. */
  readonly budget: Budget;
  /** Is called for each of those. */
  readonly onEvict: () => void;
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
  /** Memory that the program may use. */
  readonly bytes: number;
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

/** Calls of one session that may wait for each other. */
const MAX_WAITING = 16;

export function createSessions({ max, idleMs, budget, onEvict }: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>();

  const open = ({ id, runtime, packages }: SessionCall): Session => {
    if (sessions.size >= max) {
      throw new MeshError('unavailable', `All ${max} sessions are in use; end one by DELETE /sessions/{id}`);
    }
    const account = budget.open(() => {
      onEvict();
      session.end();
    });
    const session = openSession({ runtime, packages, account }, () => {
      if (sessions.get(id) === session) sessions.delete(id);
    });
    sessions.set(id, session);
    return session;
  };

  return {
    async withWorker(call, task, signal) {
      signal.throwIfAborted();
      const session = sessions.get(call.id) ?? open(call);
      refuseMismatch(session, call);
      session.join();
      try {
        return await inTurn(session, signal, async () => {
          await session.account.run(call.bytes, signal);
          const worker = await session.worker(() => call.start(signal));
          try {
            return await task(worker);
          } finally {
            session.rest(worker);
          }
        });
      } finally {
        session.leave(idleMs);
      }
    },
    end: (id) => {
      const session = sessions.get(id);
      if (session === undefined) throw new MeshError('not_found', `There is no session "${id}"`);
      session.end();
    },
    close: () => sessions.forEach((session) => session.end()),
  };
}

function refuseMismatch(session: Session, { runtime, packages, demandsPackages }: SessionCall): void {
  if (session.runtime !== runtime) throw mismatch('language', 'the session was begun in another language');
  if (demandsPackages && session.packages !== packages) {
    throw mismatch('packages', 'the packages of a session are those of its first call');
  }
  if (session.waiting() >= MAX_WAITING) {
    throw new MeshError('unavailable', `${MAX_WAITING} calls of this session are waiting already`);
  }
}

const mismatch = (path: string, message: string): MeshError =>
  new MeshError('invalid_arguments', `Invalid arguments for the session: ${message}`, { details: [{ path, message }] });
