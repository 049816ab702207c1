import { SdkHttpError } from '@modelcontextprotocol/client';
import { isConnectionFailure } from './errors.ts';

/** One connection that many tasks share. */
export interface ConnectionHolder<C> {
  /**
   * Runs `task` over the connection, which is opened at the first use and again after it has failed.
   * @throws what `task` or the connect throws.
   */
  withConnection<T>(task: (connection: C) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** The connection, if there is one. */
  readonly current: Promise<C> | undefined;
  close(): Promise<void>;
}

interface Held<C> {
  readonly connection: Promise<C>;
  /** Tasks under way on it. */
  active: number;
  closed: boolean;
}

export function createConnectionHolder<C extends { close(): Promise<void> }>(
  open: () => Promise<C>,
): ConnectionHolder<C> {
  let current: Held<C> | undefined;

  /** Stops using a connection, and closes it once no task is under way on it. */
  const retire = async (held: Held<C>): Promise<void> => {
    if (current === held) current = undefined;
    if (held.active > 0 || held.closed) return;
    held.closed = true;
    await held.connection.then((connection) => connection.close()).catch(() => {});
  };

  const run = async <T>(task: (connection: C) => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const held = (current ??= { connection: open(), active: 0, closed: false });
    held.active += 1;
    let failed = false;
    try {
      return await task(await held.connection);
    } catch (error) {
      failed = signal?.aborted !== true && isConnectionFailure(error);
      throw error;
    } finally {
      held.active -= 1;
      if (failed || held !== current) void retire(held);
    }
  };

  return {
    get current() {
      return current?.connection;
    },
    async withConnection(task, signal) {
      const isReused = current !== undefined;
      try {
        return await run(task, signal);
      } catch (error) {
        if (!isReused || signal?.aborted === true || !isSessionUnknown(error)) throw error;
        // Nothing of the task has run, so that even a write is safe to send again.
        return run(task, signal);
      }
    },
    close: async () => {
      if (current !== undefined) await retire(current);
    },
  };
}

/** The answer of a 2025 server that has restarted to a session from before: 404, or 400 by servers of the SDK's v1. */
const isSessionUnknown = (error: unknown): boolean =>
  error instanceof SdkHttpError && (error.status === 404 || error.status === 400);
