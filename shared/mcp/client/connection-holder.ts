import { withDeadline } from '../../kit/faults/deadline.ts';
import { isConnectionFailure } from '../errors.ts';
import { ConnectionClosed, isSafeToResend, RequestTimedOut } from './failures.ts';

/** One connection that many tasks share. */
export interface ConnectionHolder<C> {
  /**
   * Runs `task` over the connection, which is opened at the first use and again after it has failed.
   * @throws what `task` or the connect throws.
   */
  withConnection<T>(task: (connection: C) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** The connection, if there is one. */
  readonly current: Promise<C> | undefined;
  /** Stops using the connection, if there is one: the next task opens another. */
  renew(): void;
  close(): Promise<void>;
}

interface Held<C> {
  readonly connection: Promise<C>;
  /** The connection once it is open. */
  opened?: C;
  /** True once it could not be opened. */
  hasFailed: boolean;
  /** Tasks under way on it. */
  active: number;
  closed: boolean;
}

/** The longest time that a timer of Node takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Makes a holder of one connection. `open` is aborted when the holder closes. `waitMs`: the longest that a task waits for
 * one that is being opened.
 */
export function createConnectionHolder<C extends { close(): Promise<void> }>(
  open: (signal: AbortSignal) => Promise<C>,
  waitMs = MAX_TIMER_MS,
): ConnectionHolder<C> {
  const closing = new AbortController();
  let current: Held<C> | undefined;

  /** Stops using a connection, and closes it once no task is under way on it. */
  const retire = async (held: Held<C>): Promise<void> => {
    if (current === held) current = undefined;
    if (held.active > 0 || held.closed) return;
    held.closed = true;
    await held.connection.then((connection) => connection.close()).catch(() => {});
  };

  const hold = (): Held<C> => {
    const held: Held<C> = { connection: open(closing.signal), hasFailed: false, active: 0, closed: false };
    held.connection.then(
      (opened) => (held.opened = opened),
      // Whatever the reason: the next task tries again.
      () => {
        held.hasFailed = true;
        void retire(held);
      },
    );
    return held;
  };

  const run = async <T>(task: (connection: C) => Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
    const held = (current ??= hold());
    held.active += 1;
    let failed = false;
    try {
      return await task(held.opened ?? (await untilOpen(held, { waitMs, signal })));
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
      const reused = current;
      try {
        return await run(task, signal);
      } catch (error) {
        const isOver = signal?.aborted === true || closing.signal.aborted;
        if (isOver || reused === undefined || !mayTryAnew(reused, error)) throw error;
        return run(task, signal);
      }
    },
    renew() {
      if (current !== undefined) void retire(current);
    },
    close: async () => {
      closing.abort(new ConnectionClosed('was let go of before it had answered'));
      if (current !== undefined) await retire(current);
    },
  };
}

/** A connect that began before a task says little of a server that may be back since. */
const mayTryAnew = <C>({ hasFailed }: Held<C>, error: unknown): boolean =>
  isSafeToResend(error) || (hasFailed && isConnectionFailure(error));

interface Waiting {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Waits for a connection that others may wait for, too. @throws what the connect throws; RequestTimedOut */
function untilOpen<C>({ connection }: Held<C>, { waitMs: ms, signal }: Waiting): Promise<C> {
  const late = () => new RequestTimedOut('did not answer in time');
  return withDeadline({ ...(signal && { signal }), ms, late }, () => connection);
}
