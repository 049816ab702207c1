import { METHOD_NOT_FOUND, ProtocolError } from '@modelcontextprotocol/client';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import type { LinkSource } from '../mcp/connections.ts';
import { createLinkClient, linkOver, type McpLink } from '../mcp/connection.ts';
import { createStdioStarter } from './stdio-server.ts';
import type { Caller, McpNotification, McpRequest, McpResult } from '../upstream.ts';
import { createWorkerPool, type PoolWorker } from '../pool/worker-pool.ts';

export interface StdioLinksOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  readonly workers: { readonly min: number; readonly max: number };
  /** How long a process may take until it is ready for calls. */
  readonly startTimeoutMs: number;
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly logger: Logger;
  readonly onNotification: (notification: McpNotification) => void;
}

interface StdioWorker extends PoolWorker {
  readonly link: McpLink;
  readonly seat: Seat;
}

/** Who is served by a process now. */
interface Seat {
  active: number;
  caller: Caller | undefined;
}

/** How long one request of the handshake may take. */
const HANDSHAKE_TIMEOUT_MS = 30_000;

/**
 * Links to the processes of a stdio MCP server. Over standard output nothing says to which call a question or a log
 * message belongs, so it is passed on only while the process serves a single call; what belongs to nobody for certain
 * is refused rather than shown to the wrong one.
 */
export function createStdioLinks(options: StdioLinksOptions): LinkSource {
  const { name, command, args, env, cwd, workers, startTimeoutMs, hostEnv, logger, onNotification } = options;
  const live = new Set<McpLink>();
  let watched: ReadonlySet<string> = new Set();

  const start = async (signal: AbortSignal): Promise<StdioWorker> => {
    const seat: Seat = { active: 0, caller: undefined };
    const ears = earsOf(seat, onNotification);
    const starter = createStdioStarter({
      name,
      command,
      args,
      env,
      ...(cwd === undefined ? {} : { cwd }),
      hostEnv,
      logger,
      createClient: (mode) => createLinkClient(ears, mode, HANDSHAKE_TIMEOUT_MS),
    });
    const { client, ...worker } = await starter(signal);
    const link = linkOver(client, worker.gone, HANDSHAKE_TIMEOUT_MS);
    live.add(link);
    void worker.gone.then(() => live.delete(link));
    // Best effort: what is not told is found by the next look at the lists.
    link.watch(watched).catch(() => {});
    return { ...worker, link, seat };
  };
  const pool = createWorkerPool({ name: `The upstream ${name}`, ...workers, start, startTimeoutMs, logger });

  const serve = <T>(caller: Caller | undefined, task: (link: McpLink) => Promise<T>, signal: AbortSignal) =>
    pool.withWorker(async ({ link, seat }) => {
      seat.active += 1;
      seat.caller = seat.active === 1 ? caller : undefined;
      try {
        return await task(link);
      } catch (error) {
        // Told in our terms, a call that was late makes the pool look whether its process is well.
        throw error instanceof ProtocolError ? error : meshErrorOf(`The upstream ${name}`, error);
      } finally {
        seat.active -= 1;
        if (seat.caller === caller) seat.caller = undefined;
      }
    }, signal);

  return {
    withLink: (task, signal) => serve(undefined, task, signal),
    withOwnLink: serve,
    watch(uris) {
      watched = new Set(uris);
      for (const link of live) link.watch(watched).catch(() => {});
    },
    workers: pool.stats,
    close: pool.close,
  };
}

function earsOf(seat: Seat, onNotification: (notification: McpNotification) => void) {
  return {
    // What it is started with holds for all its calls; a question for a caller that cannot answer is refused below.
    capabilities: { elicitation: {}, sampling: {}, roots: {} },
    onNotification: (notification: McpNotification): void => {
      if (notification.method === 'notifications/message') seat.caller?.notify?.(notification);
      else onNotification(notification);
    },
    onRequest: async (request: McpRequest, signal: AbortSignal): Promise<McpResult> => {
      const ask = seat.active === 1 ? seat.caller?.ask : undefined;
      if (ask === undefined) throw new ProtocolError(METHOD_NOT_FOUND, 'Whoever made this call cannot be asked');
      return ask(request, signal);
    },
  };
}
