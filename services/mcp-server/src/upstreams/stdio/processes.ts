import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { ConnectionHandlers } from '@toolmesh/shared/mcp/client/handlers';
import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import { METHOD_NOT_FOUND, type McpNotification, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import { type ConnectionSource, declaresChanges, type OnNotification } from '../mcp/connections.ts';
import type { PoolWorker } from '../pool/worker-pool.ts';
import type { Caller } from '../upstream.ts';
import { createChangedProcesses, type Load } from './changed-processes.ts';
import { createStartWatch } from './start-watch.ts';
import type { WrapCommand } from './stdio-process.ts';
import { createStdioStarter } from './stdio-server.ts';

export interface ProcessesOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Time without a sign of work after which a start is given up. */
  readonly startIdleMs: number;
  /** Bounds a request for one page of a list. */
  readonly listTimeoutMs: number;
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly wrap: WrapCommand;
  readonly logger: Logger;
  /** `session`: the one whose process sent it; undefined for a process of all. */
  readonly onNotification: OnNotification;
}

export interface ConnectedWorker extends PoolWorker {
  readonly connection: McpConnection;
  readonly load: Load;
}

/** Starts the processes of a command and knows those that run. */
export interface Processes extends Pick<ConnectionSource, 'subscribe' | 'lookAtChanged'> {
  announces(): boolean;
  start(signal: AbortSignal): Promise<ConnectedWorker>;
  /** Returns a start that is under way, in words. */
  starting(): string | undefined;
}

export function createProcesses(options: ProcessesOptions): Processes {
  const { name, command, args, cwd, startIdleMs, logger, onNotification, ...process } = options;
  const live = new Set<McpConnection>();
  const changed = createChangedProcesses(onNotification);
  const watch = createStartWatch({ name, command, args, idleMs: startIdleMs, logger });
  const starter = createStdioStarter({
    ...process,
    name,
    command,
    args,
    ...(cwd === undefined ? {} : { cwd }),
    logger,
  });
  let subscribed: ReadonlySet<string> = new Set();
  const onAnyNotification: OnOwnNotification = (notification, load) => {
    if (notification.method.endsWith('/list_changed') && load.session !== undefined) changed.add(load);
    onNotification(notification, load.session);
  };

  return {
    async start(signal) {
      const load: Load = { session: undefined, connection: undefined, calls: new Set() };
      const handlers = handlersOf(load, onAnyNotification);
      const worker = await watch.run((own, onSpawn) => starter(own, { handlers, onSpawn }), signal);
      const { connection } = worker;
      load.connection = connection;
      live.add(connection);
      void worker.gone.then(() => {
        live.delete(connection);
        changed.delete(load);
      });
      connection.subscribe(subscribed).catch(() => {});
      return { ...worker, load };
    },
    subscribe(uris) {
      subscribed = new Set(uris);
      for (const connection of live) connection.subscribe(subscribed).catch(() => {});
    },
    announces: () => [...live].some(declaresChanges),
    lookAtChanged: changed.look,
    starting: watch.describe,
  };
}

type OnOwnNotification = (notification: McpNotification, load: Load) => void;

function handlersOf(load: Load, onNotification: OnOwnNotification): ConnectionHandlers {
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
