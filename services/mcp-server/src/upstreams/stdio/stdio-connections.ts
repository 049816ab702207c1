import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import { ProtocolError } from '@toolmesh/shared/mcp/protocol';
import type { ConnectionSource } from '../mcp/connections.ts';
import { createWorkerPool } from '../pool/worker-pool.ts';
import type { Caller, ClientSession } from '../upstream.ts';
import { type ConnectedWorker, createProcesses, type ProcessesOptions } from './processes.ts';
import { passOnLoss, withLoss } from './state-loss.ts';

/** Bounds on the processes of an upstream. */
export interface WorkerLimits {
  readonly min: number;
  readonly restMin: number;
  readonly max: number;
  /** Most processes of sessions. 0: sessions have none of their own, and share those of all. */
  readonly maxOwn: number;
  readonly ownIdleMs: number;
}

export interface StdioConnectionsOptions extends ProcessesOptions {
  readonly workers: WorkerLimits;
  /** Time limit of a start, until the process is ready for calls. */
  readonly startTimeoutMs: number;
}

/**
 * Connections to the processes of a stdio MCP server. Over standard output nothing says to which call a question or a
 * log message belongs, so it is passed on only while the process serves a single call; otherwise it is refused rather
 * than shown to the wrong caller. All calls of a session are served by a process of its own, whose messages are for that
 * client in any case.
 */
export function createStdioConnections(options: StdioConnectionsOptions): ConnectionSource {
  const { name, workers, startTimeoutMs, logger } = options;
  const displayName = `The upstream ${name}`;
  const { start, subscribe, starting, announces, lookAtChanged } = createProcesses(options);
  const pool = createWorkerPool({ name: displayName, ...workers, start, startTimeoutMs, logger, starting });

  const serve = <T>(worker: ConnectedWorker, caller: Caller | undefined, task: Task<T>): Promise<T> =>
    serveCall(worker, { name: displayName, caller, task });
  const sessionOf = ({ session }: Caller): ClientSession | undefined =>
    workers.maxOwn === 0 || session?.ended.aborted === true ? undefined : session;

  return {
    withConnection: (task, { signal, waitMs }) =>
      pool.withWorker((worker) => serve(worker, undefined, task), signal, waitMs),
    look: (task, signal) => pool.look(({ connection }) => task(connection), signal),
    lookAtChanged,
    keepsStateFor: (caller) => sessionOf(caller) !== undefined,
    withOwnConnection({ caller, send, isHarmless, waitMs }) {
      const { signal } = caller;
      const session = sessionOf(caller);
      if (session === undefined) return pool.withWorker((worker) => serve(worker, caller, send), signal, waitMs);
      const run = async (worker: ConnectedWorker) => {
        worker.load.session = session;
        return passOnLoss(pool.lossOf(session), isHarmless, () => serve(worker, caller, send));
      };
      const sent = pool.withOwnWorker(session, run, { signal, waitMs });
      return sent.catch((error: unknown) => {
        throw isHarmless ? error : withLoss(error, pool.lossOf(session));
      });
    },
    subscribe,
    announces,
    workers: pool.stats,
    starting,
    close: pool.close,
  };
}

type Task<T> = (connection: McpConnection) => Promise<T>;

interface Call<T> {
  /** Names the upstream in errors. */
  readonly name: string;
  readonly caller: Caller | undefined;
  readonly task: Task<T>;
}

/** Runs a call on a process, which then knows its caller. */
async function serveCall<T>({ connection, load }: ConnectedWorker, { name, caller, task }: Call<T>): Promise<T> {
  const call = { caller };
  load.calls.add(call);
  try {
    return await task(connection);
  } catch (error) {
    // By a time-out as an error of ours the pool knows that it has to check the process.
    throw error instanceof ProtocolError ? error : meshErrorOf(name, error);
  } finally {
    load.calls.delete(call);
  }
}
