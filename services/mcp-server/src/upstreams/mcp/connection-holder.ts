import { SdkHttpError } from '@modelcontextprotocol/client';
import { isConnectionFailure } from '@toolmesh/shared/mcp/errors';
import type { McpLink } from './connection.ts';

/** One link for many tasks: opened at the first, and again after a failure of the connection itself. */
export interface Slot {
  /** @throws what `task` or the connect throws. */
  withLink<T>(task: (link: McpLink) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** The link as it is, if there is one. */
  readonly current: Promise<McpLink> | undefined;
  close(): Promise<void>;
}

interface Connection {
  readonly link: Promise<McpLink>;
  /** Tasks under way on it. */
  active: number;
  closed: boolean;
}

export function createSlot(open: () => Promise<McpLink>): Slot {
  let current: Connection | undefined;

  /** Leaves a connection that failed; tasks that are still under way on it may end. */
  const retire = async (connection: Connection): Promise<void> => {
    if (current === connection) current = undefined;
    if (connection.active > 0 || connection.closed) return;
    connection.closed = true;
    await connection.link.then((link) => link.close()).catch(() => {});
  };

  const over = async <T>(connection: Connection, task: (link: McpLink) => Promise<T>, signal: AbortSignal) => {
    connection.active += 1;
    let failed = false;
    try {
      return await task(await connection.link);
    } catch (error) {
      failed = !signal.aborted && isConnectionFailure(error);
      throw error;
    } finally {
      connection.active -= 1;
      if (failed || connection !== current) void retire(connection);
    }
  };
  const connection = () => (current ??= { link: open(), active: 0, closed: false });

  return {
    get current() {
      return current?.link;
    },
    async withLink(task, signal) {
      const isReused = current !== undefined;
      try {
        return await over(connection(), task, signal);
      } catch (error) {
        if (!isReused || signal.aborted || !isSessionUnknown(error)) throw error;
        // Nothing of the task has run, so that even what changes something is safe to send again.
        return over(connection(), task, signal);
      }
    },
    close: async () => {
      if (current !== undefined) await retire(current);
    },
  };
}

/** How a server of 2025 that has been restarted answers to a session of before (404; 400 by servers of the SDK's v1). */
const isSessionUnknown = (error: unknown): boolean =>
  error instanceof SdkHttpError && (error.status === 404 || error.status === 400);
