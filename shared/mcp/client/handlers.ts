import type { ClientCapabilities, McpNotification, McpRequest, McpResult } from '../protocol.ts';

/** Handlers for server-initiated messages. */
export interface ConnectionHandlers {
  /** The requests that the server may make over this connection. */
  readonly capabilities?: ClientCapabilities;
  /** Receives notifications that belong to no request: list changes, log messages. */
  readonly onNotification?: (notification: McpNotification) => void;
  /** Told when the stream on which list changes are announced has opened, and when it has ended. */
  readonly onStream?: (isOpen: boolean) => void;
  /** Answers requests of the server. Undefined: they are refused. */
  readonly onRequest?: (request: McpRequest, signal: AbortSignal) => Promise<McpResult>;
}
