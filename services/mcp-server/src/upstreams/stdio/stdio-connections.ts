import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { ConnectionHandlers } from '@toolmesh/shared/mcp/client/handlers';
import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import { METHOD_NOT_FOUND, type McpNotification, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import { type ConnectionSource, declaresChanges, type OnNotification } from '../mcp/connections.ts';
import { createWorkerPool, type PoolWorker } from '../pool/worker-pool.ts';
import type { Caller, ClientSession } from '../upstream.ts';
import { createChangedProcesses, type Load } from './changed-processes.ts';
import { passOnLoss, withLoss } from './state-loss.ts';
import type { WrapCommand } from './stdio-process.ts';
import { createStdioStarter, type StartStdioServer, type StdioServerOptions } from './stdio-server.ts';

/** Bounds on the processes of an upstream. */
export interface WorkerLimits {
  readonly min: number;
  readonly restMin: number;
  readonly max: number;
  /** Most processes of sessions. 0: sessions have none of their own, and share those of all. */
  readonly maxOwn: number;
  readonly ownIdleMs: number;
}

export interface StdioConnectionsOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  readonly workers: WorkerLimits;
  /** Time limit of a start, until the process is ready for calls. */
  readonly startTimeoutMs: number;
  /** Bounds a request for one page of a list. */
  readonly listTimeoutMs: number;
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly wrap: WrapCommand;
  readonly logger: Logger;
  /** `session`: the one whose process sent it; undefined for a process of all. */
  readonly onNotification: OnNotification;
}

interface ConnectedWorker extends PoolWorker {
  readonly connection: McpConnection;
  readonly load: Load;
}

/**
 * Connections to the processes of a stdio MCP server. Over standard output nothing says to which call a question or a
 * log message belongs, so it is passed on only while the process serves a single call; otherwise it is refused rather
 * than shown to the wrong caller. All calls of a session are served by a process of its own, whose messages are for that
 * client in any case.
 */
export function createStdioConnections(options: StdioConnectionsOptions): ConnectionSource {
  const { name, workers, startTimeoutMs, logger, onNotification } = options;
  // One for all processes: it knows which revision they speak.
  const startServer = createStdioStarter(serverOptionsOf(options));
  const live = new Set<McpConnection>();
  const changed = createChangedProcesses(onNotification);
  const displayName = `The upstream ${name}`;
  let subscribed: ReadonlySet<string> = new Set();

  const start = async (signal: AbortSignal): Promise<ConnectedWorker> => {
    const worker = await startConnected(startServer, signal, (notification, load) => {
      if (notification.method.endsWith('/list_changed') && load.session !== undefined) changed.add(load);
      onNotification(notification, load.session);
    });
    const { connection, load } = worker;
    load.connection = connection;
    live.add(connection);
    void worker.gone.then(() => {
      live.delete(connection);
      changed.delete(load);
    });
    connection.subscribe(subscribed).catch(() => {});
    return worker;
  };
  const pool = createWorkerPool({ name: displayName, ...workers, start, startTimeoutMs, logger });

  const serve = <T>(worker: ConnectedWorker, caller: Caller | undefined, task: Task<T>): Promise<T> =>
    serveCall(worker, { name: displayName, caller, task });
  const sessionOf = ({ session }: Caller): ClientSession | undefined =>
    workers.maxOwn === 0 || session?.ended.aborted === true ? undefined : session;

  return {
    withConnection: (task, { signal, waitMs }) =>
      pool.withWorker((worker) => serve(worker, undefined, task), signal, waitMs),
    look: (task, signal) => pool.look(({ connection }) => task(connection), signal),
    lookAtChanged: changed.look,
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
    subscribe(uris) {
      subscribed = new Set(uris);
      for (const connection of live) connection.subscribe(subscribed).catch(() => {});
    },
    announces: () => [...live].some(declaresChanges),
    workers: pool.stats,
    close: pool.close,
  };
}

function serverOptionsOf(options: StdioConnectionsOptions): StdioServerOptions {
  const { name, command, args, env, cwd, listTimeoutMs, hostEnv, wrap, logger } = options;
  return { name, command, args, env, ...(cwd === undefined ? {} : { cwd }), listTimeoutMs, hostEnv, wrap, logger };
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

/** Starts one process and connects to it. */
async function startConnected(
  start: StartStdioServer,
  signal: AbortSignal,
  onNotification: (notification: McpNotification, load: Load) => void,
): Promise<ConnectedWorker> {
  const load: Load = { session: undefined, connection: undefined, calls: new Set() };
  return { ...(await start(signal, handlersOf(load, onNotification))), load };
}

function handlersOf(
  load: Load,
  onNotification: (notification: McpNotification, load: Load) => void,
): ConnectionHandlers {
  /** Returns the caller that a message is for: the only one, or the latest of the session. */
  const receiver = (): Caller | undefined => {
    if (load.session === undefined && load.calls.size !== 1) return undefined;
    return [...load.calls].at(-1)?.caller;
  };
  return {
    // Declared once for all calls; a question for a caller that cannot answer is refused below.
    capabilities: { elicitation: {}, sampling: {}, roots: {} },
    onNotification(notification) {
      if (notification.method === 'notifications/message') receiver()?.notify?.(notification);
      else onNotification(notification, load);
    },
    async onRequest(request, signal) {
      const ask = receiver()?.ask;
      if (ask === undefined) throw new ProtocolError(METHOD_NOT_FOUND, 'The caller cannot be asked');
      return ask(request, signal);
    },
  };
}
