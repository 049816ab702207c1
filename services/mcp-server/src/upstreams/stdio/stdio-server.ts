import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { ConnectionHandlers } from '@toolmesh/shared/mcp/client/handlers';
import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import { connectOverDuplex } from '@toolmesh/shared/mcp/client/duplex-connection';
import type { PoolWorker } from '../pool/worker-pool.ts';
import type { ProcessEnd } from './process-end.ts';
import { openStdioChannel, startFailure, type StdioChannel, type StdioChannelOptions } from './stdio-channel.ts';

export interface StdioServerOptions extends Omit<StdioChannelOptions, 'onSpawn'> {
  /** Bounds a request for one page of a list, in milliseconds. Default 30 000. */
  readonly listTimeoutMs?: number;
}

/** One process of a stdio MCP server and the connection to it. */
export interface StdioWorker extends PoolWorker {
  readonly connection: McpConnection;
  readonly pid: number;
}

/** The state of one process. */
export interface ProcessHandlers extends Pick<StdioChannelOptions, 'onSpawn'> {
  /** Handlers of what the process sends by itself. */
  readonly handlers?: ConnectionHandlers;
}

/** Starts a process. */
export type StartStdioServer = (signal: AbortSignal, own?: ProcessHandlers) => Promise<StdioWorker>;

/** The revisions that are tried: all, or those before 2026-07-28. */
type ProtocolMode = 'auto' | 'legacy';

/**
 * Returns a function that starts processes of a stdio MCP server, each ready for calls: the `start` of a worker pool.
 * It finds out the era of the protocol at the first start only; its signal bounds the start.
 * @throws MeshError upstream_failed when the program cannot be started or does not speak MCP.
 */
export function createStdioStarter(common: StdioServerOptions): StartStdioServer {
  let mode: ProtocolMode = 'auto';

  return async (signal, { handlers = {}, ...own } = {}) => {
    const options = { ...common, ...own };
    try {
      const worker = await connect(options, { mode, handlers, signal }).catch((error: unknown) => {
        // Some servers end at a request that they did not expect before `initialize`.
        if (mode === 'legacy' || signal.aborted || error instanceof MeshError) throw error;
        return connect(options, { mode: 'legacy', handlers, signal });
      });
      if (worker.connection.era === 'legacy') mode = 'legacy';
      return worker;
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof FailedStart ? startFailure(options.name, error.cause, error.end) : error;
    }
  };
}

/** A start that failed after the program was started. */
class FailedStart extends Error {
  readonly end: ProcessEnd | undefined;

  constructor(cause: unknown, end: ProcessEnd | undefined) {
    super('the start failed', { cause });
    this.end = end;
  }
}

interface Connecting {
  readonly mode: ProtocolMode;
  readonly handlers: ConnectionHandlers;
  readonly signal: AbortSignal;
}

async function connect(
  options: StdioServerOptions & ProcessHandlers,
  { mode, handlers, signal }: Connecting,
): Promise<StdioWorker> {
  const { listTimeoutMs: listMs = 30_000 } = options;
  signal.throwIfAborted();
  let channel: StdioChannel | undefined;
  let isClosing = false;
  let end: ProcessEnd | undefined;
  const open = async (onText: (text: string) => boolean): Promise<StdioChannel> => {
    const opened = await openStdioChannel(options, onText);
    channel = opened;
    // An end that was ours says nothing.
    void opened.gone.then((how) => (end = isClosing ? undefined : how));
    return {
      ...opened,
      close() {
        isClosing = true;
        return opened.close();
      },
    };
  };
  try {
    const connection = await connectOverDuplex(open, { ...handlers, mode, listMs, signal });
    signal.throwIfAborted();
    if (channel === undefined) throw new Error('there is no process');
    const { pid, gone } = channel;
    return { connection, pid, gone, ping: connection.ping, close: connection.close };
  } catch (error) {
    throw channel === undefined || signal.aborted ? error : new FailedStart(error, end);
  }
}
