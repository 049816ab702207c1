import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { ConnectionHandlers } from '@toolmesh/shared/mcp/client/handlers';
import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import { METHOD_NOT_FOUND, type McpNotification, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import type { ConnectionSource } from '../mcp/connections.ts';
import { createWorkerPool, type PoolWorker } from '../pool/worker-pool.ts';
import type { Caller } from '../upstream.ts';
import type { WrapCommand } from './stdio-process.ts';
import { createStdioStarter } from './stdio-server.ts';

export interface StdioConnectionsOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  readonly workers: { readonly min: number; readonly max: number };
  /** Time limit of a start, until the process is ready for calls. */
  readonly startTimeoutMs: number;
  /** Bounds a request for one page of a list. */
  readonly listTimeoutMs: number;
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly wrap: WrapCommand;
  readonly logger: Logger;
  readonly onNotification: (notification: McpNotification) => void;
}

interface ConnectedWorker extends PoolWorker {
  readonly connection: McpConnection;
  readonly load: Load;
}

/** The calls that a process serves now, and their caller if there is only one. */
interface Load {
  active: number;
  caller: Caller | undefined;
}

/**
 * Connections to the processes of a stdio MCP server. Over standard output nothing says to which call a question or a
 * log message belongs, so it is passed on only while the process serves a single call; otherwise it is refused rather
 * than shown to the wrong caller.
 */
export function createStdioConnections(options: StdioConnectionsOptions): ConnectionSource {
  const { name, workers, startTimeoutMs, logger } = options;
  const live = new Set<McpConnection>();
  let subscribed: ReadonlySet<string> = new Set();

  const start = async (signal: AbortSignal): Promise<ConnectedWorker> => {
    const worker = await startConnected(options, signal);
    const { connection } = worker;
    live.add(connection);
    void worker.gone.then(() => live.delete(connection));
    connection.subscribe(subscribed).catch(() => {});
    return worker;
  };
  const pool = createWorkerPool({ name: `The upstream ${name}`, ...workers, start, startTimeoutMs, logger });

  const serve = <T>(
    caller: Caller | undefined,
    task: (connection: McpConnection) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> =>
    pool.withWorker(async ({ connection, load }) => {
      load.active += 1;
      load.caller = load.active === 1 ? caller : undefined;
      try {
        return await task(connection);
      } catch (error) {
        // By a time-out as an error of ours the pool knows that it has to check the process.
        throw error instanceof ProtocolError ? error : meshErrorOf(`The upstream ${name}`, error);
      } finally {
        load.active -= 1;
        if (load.caller === caller) load.caller = undefined;
      }
    }, signal);

  return {
    withConnection: (task, signal) => serve(undefined, task, signal),
    withOwnConnection: serve,
    subscribe(uris) {
      subscribed = new Set(uris);
      for (const connection of live) connection.subscribe(subscribed).catch(() => {});
    },
    workers: pool.stats,
    close: pool.close,
  };
}

/** Starts one process and connects to it. */
async function startConnected(options: StdioConnectionsOptions, signal: AbortSignal): Promise<ConnectedWorker> {
  const { name, command, args, env, cwd, listTimeoutMs, hostEnv, wrap, logger, onNotification } = options;
  const load: Load = { active: 0, caller: undefined };
  const starter = createStdioStarter({
    name,
    command,
    args,
    env,
    ...(cwd === undefined ? {} : { cwd }),
    hostEnv,
    wrap,
    logger,
    handlers: handlersOf(load, onNotification),
    listTimeoutMs,
  });
  return { ...(await starter(signal)), load };
}

function handlersOf(load: Load, onNotification: (notification: McpNotification) => void): ConnectionHandlers {
  return {
    // Declared once for all calls; a question for a caller that cannot answer is refused below.
    capabilities: { elicitation: {}, sampling: {}, roots: {} },
    onNotification(notification) {
      if (notification.method === 'notifications/message') load.caller?.notify?.(notification);
      else onNotification(notification);
    },
    async onRequest(request, signal) {
      const ask = load.active === 1 ? load.caller?.ask : undefined;
      if (ask === undefined) throw new ProtocolError(METHOD_NOT_FOUND, 'The caller cannot be asked');
      return ask(request, signal);
    },
  };
}
