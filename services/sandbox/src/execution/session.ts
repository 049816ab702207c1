import type { ExecutionResult } from '@toolmesh/shared/contracts/execution';
import { untilAborted } from '@toolmesh/shared/kit/faults/deadline';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Account } from '../workers/budget.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';

/** A package, as results name it. */
export type NamedVersion = ExecutionResult['packages'][number];

/** The parts that a session is opened with. */
export interface SessionParts {
  readonly runtime: string;
  readonly packages: string | undefined;
  /** Packages that its programs can import. */
  readonly installed: readonly NamedVersion[];
  readonly account: Account;
}

/** A worker that is kept between calls, and the calls that wait for it. */
export interface Session extends SessionParts {
  /** Settles when the last call in the queue has ended. */
  last: Promise<unknown>;
  /** Calls that run or wait for their turn. */
  waiting(): number;
  hasEnded(): boolean;
  /** Returns since when it rests, by `performance.now()`; undefined while it has calls. */
  restsSince(): number | undefined;
  /** A call has come. */
  join(): void;
  /** A call has ended; after the last one, the session ends in `idleMs`. */
  leave(idleMs: number): void;
  /** Returns its worker, which `start` makes for the first call. */
  worker(start: () => Promise<WorkerProcess>): Promise<WorkerProcess>;
  /** A program has ended: the worker keeps its memory and gives its place back, or takes the session with it. */
  rest(worker: WorkerProcess): void;
  end(): void;
}

/** @param onEnd is called when it has ended: a call that comes then opens another */
export function openSession(parts: SessionParts, onEnd: () => void): Session {
  const { account } = parts;
  let started: Promise<WorkerProcess> | undefined;
  let waiting = 0;
  let isOver = false;
  let keptBytes = 0;
  let restsSince: number | undefined;
  let idleTimer: NodeJS.Timeout | undefined;

  const end = (): void => {
    isOver = true;
    onEnd();
    clearTimeout(idleTimer);
    if (started === undefined) account.end();
    else started.then((worker) => worker.kill()).catch(() => {});
  };

  return {
    ...parts,
    last: Promise.resolve(),
    waiting: () => waiting,
    hasEnded: () => isOver,
    restsSince: () => restsSince,
    join: () => {
      restsSince = undefined;
      clearTimeout(idleTimer);
      waiting += 1;
    },
    leave: (idleMs) => {
      waiting -= 1;
      if (waiting > 0) return;
      // One that never had a worker holds nothing that a later call could want.
      if (started === undefined || isOver) return end();
      account.rest(keptBytes, false);
      restsSince = performance.now();
      idleTimer = setTimeout(end, idleMs).unref();
    },
    worker: (start) => {
      if (started !== undefined) return started;
      started = start();
      // A worker that never came or that has gone takes the session with it; the next call opens another.
      const over = () => {
        account.end();
        end();
      };
      started.then(({ gone }) => gone).then(over, over);
      return started;
    },
    rest: (worker) => {
      if (worker.isOver()) return end();
      keptBytes = worker.residentBytes();
      account.rest(keptBytes, waiting > 1);
    },
    end,
  };
}

/** Runs `task` once the earlier calls of the session have ended. */
export async function inTurn<T>(session: Session, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  const turn = session.last.then(
    () => {},
    () => {},
  );
  const call = turn.then(async () => {
    signal.throwIfAborted();
    if (session.hasEnded()) throw new MeshError('unavailable', 'The session has ended before this call had its turn');
    return task();
  });
  session.last = call;
  call.catch(() => {});
  // A caller may leave while it waits for its turn; from then on its call ends by itself.
  await untilAborted(signal, () => turn);
  return call;
}
