import type {
  ClientCapabilities,
  Prompt,
  Resource,
  ResourceTemplateType,
  Tool as McpTool,
} from '@modelcontextprotocol/client';

/** The protocol's types and errors as code outside of this folder needs them, which then does not import the SDK. */
export {
  INVALID_PARAMS,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  ProtocolError,
  ResourceNotFoundError,
} from '@modelcontextprotocol/client';
export type { ClientCapabilities, McpTool, Prompt, Resource, ResourceTemplateType };

/** A request of MCP, by either side. */
export interface McpRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A notification of MCP, by either side. */
export interface McpNotification {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** The result of a request, unchecked. */
export type McpResult = Record<string, unknown>;

/** The lists of a server. */
export interface Offer {
  readonly tools: readonly McpTool[];
  readonly prompts: readonly Prompt[];
  readonly resources: readonly Resource[];
  readonly resourceTemplates: readonly ResourceTemplateType[];
}

/** The lists of a server that offers nothing, or that has not been reached yet. */
export const NO_OFFER: Offer = { tools: [], prompts: [], resources: [], resourceTemplates: [] };

/** The sender of a request, reduced to what a connection needs. */
export interface Requester {
  /** Aborts when the requester goes away. */
  readonly signal: AbortSignal;
  /** Receives progress and log messages of the request. Undefined if nobody listens. */
  readonly notify?: ((notification: McpNotification) => void) | undefined;
  /** The client capabilities that the requester declares. */
  readonly capabilities: ClientCapabilities;
  /** The lowest level of log messages to send. Undefined: none. */
  readonly logLevel?: string | undefined;
}

/** Time limits of one request, in milliseconds. */
export interface RequestTimeouts {
  /** Without a message from the server. */
  readonly idleMs: number;
  /** In all. */
  readonly totalMs: number;
}

/** All that goes with a request besides its method and params. */
export interface RequestOptions {
  readonly from: Requester;
  readonly timeouts: RequestTimeouts;
  /** Sent along over HTTP. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Sends a request and returns its result unchanged. @throws ProtocolError for a refusal; otherwise what the SDK throws. */
export type SendRequest = (request: McpRequest, options: RequestOptions) => Promise<McpResult>;
