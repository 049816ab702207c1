import type { McpConnection } from '@toolmesh/shared/mcp/client/connection';
import type { McpNotification, McpResult } from '@toolmesh/shared/mcp/protocol';
import type { WorkerPoolStats } from '../pool/worker-pool.ts';
import type { Caller, ClientSession } from '../upstream.ts';

/** Receives the notifications of an upstream that belong to no call; with the session if they come from its own process. */
export type OnNotification = (notification: McpNotification, session?: ClientSession) => void;

/** A request over a connection that belongs to its caller. */
export interface OwnRequest {
  readonly caller: Caller;
  /** Sends it. */
  readonly send: (connection: McpConnection) => Promise<McpResult>;
  /** True if it may be sent although what was kept for the caller is lost: it only reads. */
  readonly isHarmless: boolean;
  /** Longest wait for a connection that is being made. */
  readonly waitMs: number;
}

/** The connections to one upstream: one over HTTP, or one for each process of a pool. */
export interface ConnectionSource {
  /** Runs `task` over a connection that others use at the same time. @throws what `task` or the connect throws. */
  withConnection<T>(
    task: (connection: McpConnection) => Promise<T>,
    options: { readonly signal: AbortSignal; readonly waitMs: number },
  ): Promise<T>;
  /**
   * Runs `task`, which asks for the lists. Returns undefined if there is nothing to ask at present, and nothing says that the
   * upstream is not well.
   */
  look<T>(task: (connection: McpConnection) => Promise<T>, signal: AbortSignal): Promise<T | undefined>;
  /**
   * Runs `task`, which asks for the lists, over the connection of each session whose own process has changed them. Processes
   * that do not answer are left out.
   */
  lookAtChanged<T>(task: (connection: McpConnection) => Promise<T>): Promise<readonly T[]>;
  /** Sends a request over a connection whose messages and questions all are for its caller. */
  withOwnConnection(request: OwnRequest): Promise<McpResult>;
  /** Returns whether the upstream keeps state for this caller, so that all its requests need the connection of its own. */
  keepsStateFor(caller: Caller): boolean;
  /** Subscribes to changes of these resources on the connections of now and of later. */
  subscribe(uris: ReadonlySet<string>): void;
  /** Returns true while changes of the lists reach the handler of notifications. Absent: they do not. */
  announces?(): boolean;
  workers?(): WorkerPoolStats;
  /** Returns the start of a process that is under way, in words for an operator. Undefined if there is none. */
  starting?(): string | undefined;
  close(): Promise<void>;
}

/** Returns whether a server declares that it announces changes of its lists. */
export const declaresChanges = ({ capabilities }: McpConnection): boolean =>
  Object.values(capabilities).some((capability) => Object(capability)['listChanged'] === true);
