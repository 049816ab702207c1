import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Budget } from '../workers/budget.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import { inTurn, type NamedVersion, openSession, type Session } from './session.ts';

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
  /** True when the call needs these packages: a session with others begins anew, with its files. */
  readonly demandsPackages: boolean;
  /** Packages that are in the folder. */
  readonly installed: readonly NamedVersion[];
  /** Memory that the program may use. */
  readonly bytes: number;
  readonly start: (signal: AbortSignal) => Promise<WorkerProcess>;
}

/** The state of a session, for one of its calls. */
export interface SessionState {
  /** True when the call has begun its worker. */
  readonly isNew: boolean;
  readonly installed: readonly NamedVersion[];
  hasEnded(): boolean;
}

/** A session that is open, as it is shown to those who know its id. */
export interface OpenSession {
  readonly status: 'running' | 'idle';
  readonly runtime: string;
}

/** Workers that are kept between calls, one for each session. */
export interface Sessions {
  /**
   * Runs `task` with the session's worker once earlier calls of the session have ended; opens the session if need be.
   * @throws MeshError invalid_arguments for a call that does not match the session, unavailable when there are too many.
   */
  withWorker<T>(call: SessionCall, task: SessionTask<T>, signal: AbortSignal): Promise<T>;
  /** Returns an open session. */
  find(id: string): OpenSession | undefined;
  /** Ends a session and the program that it runs. Returns false where none is open. */
  end(id: string): boolean;
  close(): void;
}

export type SessionTask<T> = (worker: WorkerProcess, state: SessionState) => Promise<T>;

/** The rest after which a session gives way to a new one where there are too many: its files are kept. */
const GIVES_WAY_MS = 60_000;
/** Calls of one session that may wait for each other. */
const MAX_WAITING = 16;

export function createSessions({ max, idleMs, budget, onEvict }: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>();

  const makeRoom = (): void => {
    if (sessions.size < max) return;
    const oldest = longestAtRest(sessions.values());
    if (oldest === undefined) throw tooMany(max);
    onEvict();
    oldest.end();
  };
  const open = ({ id, runtime, packages, installed }: SessionCall): Session => {
    makeRoom();
    const account = budget.open(() => {
      onEvict();
      session.end();
    });
    const session = openSession({ runtime, packages, installed, account }, () => {
      if (sessions.get(id) === session) sessions.delete(id);
    });
    sessions.set(id, session);
    return session;
  };

  const sessionFor = (call: SessionCall): Session => {
    const session = sessions.get(call.id);
    if (session === undefined) return open(call);
    refuseMismatch(session, call);
    if (!call.demandsPackages || session.packages === call.packages) return session;
    if (session.waiting() > 0) throw mismatch('packages', 'another call of the session runs, without these packages');
    session.end();
    return open(call);
  };

  return {
    async withWorker(call, task, signal) {
      signal.throwIfAborted();
      const session = sessionFor(call);
      session.join();
      try {
        return await inTurn(session, signal, async () => {
          await session.account.run(call.bytes, signal);
          return runIn(session, () => call.start(signal), task);
        });
      } finally {
        session.leave(idleMs);
      }
    },
    find(id) {
      const session = sessions.get(id);
      if (session === undefined) return undefined;
      return { status: session.waiting() > 0 ? 'running' : 'idle', runtime: session.runtime };
    },
    end(id) {
      const session = sessions.get(id);
      session?.end();
      return session !== undefined;
    },
    close: () => sessions.forEach((session) => session.end()),
  };
}

/** Runs a task with a session's worker, which `start` begins if need be. */
async function runIn<T>(session: Session, start: () => Promise<WorkerProcess>, task: SessionTask<T>): Promise<T> {
  let isNew = false;
  const worker = await session.worker(() => {
    isNew = true;
    return start();
  });
  try {
    const { installed, hasEnded } = session;
    return await task(worker, { isNew, installed, hasEnded });
  } finally {
    session.rest(worker);
  }
}

/** Returns the session that has rested longest, of those that give way. */
function longestAtRest(sessions: Iterable<Session>): Session | undefined {
  const before = performance.now() - GIVES_WAY_MS;
  const sinceOf = (session: Session) => session.restsSince() ?? Infinity;
  const [oldest] = [...sessions].toSorted((a, b) => sinceOf(a) - sinceOf(b));
  return oldest !== undefined && sinceOf(oldest) < before ? oldest : undefined;
}

const tooMany = (max: number): MeshError =>
  new MeshError(
    'unavailable',
    `All ${max} sessions are in use; end one by DELETE /sessions/{id}, at the hub as well, or wait until one has rested for a minute`,
  );

function refuseMismatch(session: Session, { runtime }: SessionCall): void {
  if (session.runtime !== runtime) throw mismatch('language', 'the session was begun in another language');
  if (session.waiting() >= MAX_WAITING) {
    throw new MeshError('unavailable', `${MAX_WAITING} calls of this session are waiting already`);
  }
}

const mismatch = (path: string, message: string): MeshError =>
  new MeshError('invalid_arguments', `Invalid arguments for the session: ${message}`, { details: [{ path, message }] });
