import type { McpLink } from './connection.ts';
import type { Caller } from '../upstream.ts';
import type { WorkerPoolStats } from '../pool/worker-pool.ts';

/** Where the links to one upstream come from: one over HTTP, or one for each process of a pool. */
export interface LinkSource {
  /** Runs `task` over a link that others use at the same time. @throws what `task` or the connect throws. */
  withLink<T>(task: (link: McpLink) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Runs `task` over a link whose messages and questions all are for `caller`. */
  withOwnLink<T>(caller: Caller, task: (link: McpLink) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Resources whose changes are to be told, from now on and on later links, too. */
  watch(uris: ReadonlySet<string>): void;
  workers?(): WorkerPoolStats;
  close(): Promise<void>;
}
