import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import type { WorkerPoolStats } from '../pool/worker-pool.ts';
import type { Caller } from '../upstream.ts';

/** The connections to one upstream: one over HTTP, or one for each process of a pool. */
export interface ConnectionSource {
  /** Runs `task` over a connection that others use at the same time. @throws what `task` or the connect throws. */
  withConnection<T>(task: (connection: McpConnection) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Runs `task` over a connection whose messages and questions all are for `caller`. */
  withOwnConnection<T>(
    caller: Caller,
    task: (connection: McpConnection) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
  /** Subscribes to changes of these resources on the connections of now and of later. */
  subscribe(uris: ReadonlySet<string>): void;
  workers?(): WorkerPoolStats;
  close(): Promise<void>;
}
