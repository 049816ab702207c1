import type { Client } from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { StdioTransport, type StdioTransportOptions } from './stdio-transport.ts';
import type { PoolWorker } from '../pool/worker-pool.ts';

/** The revisions that a client tries: all, or those before 2026-07-28. */
export type ProtocolMode = 'auto' | 'legacy';

export interface StdioServerOptions extends StdioTransportOptions {
  /**
   * Makes a client for one process, with its handlers: `new Client(info, { versionNegotiation: { mode, probe } })`. The
   * probe's time-out is what a server costs that does not answer what it does not know, once: 5 s are plenty.
   */
  readonly createClient: (mode: ProtocolMode) => Client;
  /** Time limit of each step of the handshake, in milliseconds. Default 30 000. */
  readonly handshakeTimeoutMs?: number;
}

/** One process of a stdio MCP server and the client that talks to it. */
export interface StdioWorker extends PoolWorker {
  readonly client: Client;
  readonly pid: number;
}

/**
 * Returns a function that starts processes of a stdio MCP server, each ready for calls: the `start` of a worker pool.
 * It detects the protocol's era at the first start only.
 * @throws MeshError upstream_failed when the program cannot be started or does not speak MCP.
 */
export function createStdioStarter(options: StdioServerOptions): (signal: AbortSignal) => Promise<StdioWorker> {
  const { name, createClient, handshakeTimeoutMs = 30_000 } = options;
  let mode: ProtocolMode = 'auto';

  const connect = async (tried: ProtocolMode, signal: AbortSignal): Promise<StdioWorker> => {
    signal.throwIfAborted();
    const transport = new StdioTransport(options);
    const client = createClient(tried);
    const onAbort = () => void transport.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await client.connect(transport, { timeout: handshakeTimeoutMs });
      signal.throwIfAborted();
    } catch (error) {
      await transport.close();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    return toWorker(client, transport);
  };

  return async (signal) => {
    try {
      const worker = await connect(mode, signal).catch((error: unknown) => {
        // Some servers end at a request that they did not expect before `initialize`.
        if (mode === 'legacy' || signal.aborted || error instanceof MeshError) throw error;
        return connect('legacy', signal);
      });
      if (worker.client.getProtocolEra() === 'legacy') mode = 'legacy';
      return worker;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MeshError) throw error;
      const why = `${name} was started but did not answer as an MCP server; see its output in the log`;
      throw new MeshError('upstream_failed', why, { cause: error });
    }
  };
}

function toWorker(client: Client, transport: StdioTransport): StdioWorker {
  return {
    client,
    pid: transport.pid ?? 0,
    gone: transport.gone,
    async ping(signal) {
      // 2026-07-28 has no ping; what it has instead every server must answer.
      if (client.getProtocolEra() === 'modern') await client.discover({ signal });
      else await client.ping({ signal });
    },
    close: () => client.close(),
  };
}
