import type { ToolAnnotations } from '../contracts/tool.ts';

/** Codes of JSON-RPC 2.0. */
export const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;
/** HeaderMismatch of 2026-07-28. */
export const HEADER_MISMATCH = -32_020;
/** MissingRequiredClientCapability of 2026-07-28. */
export const MISSING_CAPABILITY = -32_021;
/** UnsupportedProtocolVersion of 2026-07-28. */
export const UNSUPPORTED_VERSION = -32_022;

/** A request that was refused, by either side: the error of a JSON-RPC response. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Returns the refusal to read a resource that does not exist. */
export const resourceNotFound = (uri: string): ProtocolError =>
  new ProtocolError(INVALID_PARAMS, `Resource not found: ${uri}`, { uri });

/** The capabilities of a client: those that are read here, and any other as it came. */
export interface ClientCapabilities {
  readonly elicitation?: object | undefined;
  readonly sampling?: object | undefined;
  readonly roots?: object | undefined;
  readonly [key: string]: unknown;
}

/** A tool as MCP lists it. Fields that are not read here are kept as they came. */
export interface McpTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: Readonly<Record<string, unknown>> | undefined;
  readonly annotations?: Partial<ToolAnnotations> | undefined;
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
  readonly [key: string]: unknown;
}

/** A prompt as MCP lists it. */
export interface Prompt {
  readonly name: string;
  readonly [key: string]: unknown;
}

/** A resource as MCP lists it. */
export interface Resource {
  readonly uri: string;
  readonly name: string;
  readonly [key: string]: unknown;
}

/** A template of resources as MCP lists it. */
export interface ResourceTemplateType {
  readonly uriTemplate: string;
  readonly name: string;
  readonly [key: string]: unknown;
}

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

/** Sends a request and returns its result unchanged. @throws ProtocolError for a refusal; otherwise what the exchange throws. */
export type SendRequest = (request: McpRequest, options: RequestOptions) => Promise<McpResult>;
