import type { McpRequest, McpResult, McpTool, Offer, Requester } from '../protocol.ts';

/** A session of a client before 2026-07-28, known by identity. */
export interface ClientSession {
  /** Aborts when the session ends. */
  readonly ended: AbortSignal;
}

/** The caller of a request, of any era. */
export interface McpCaller extends Requester {
  /** Puts a request (elicitation, sampling, roots) to the client. Undefined if it cannot be asked. */
  readonly ask?: ((request: McpRequest, signal: AbortSignal) => Promise<McpResult>) | undefined;
  /** True if it answers questions by calling again with `inputResponses`, as 2026-07-28 has it. */
  readonly takesInputRequired: boolean;
  /** The session that the request belongs to. */
  readonly session?: ClientSession | undefined;
}

/** The changes that clients can be notified of. */
export interface ServiceChanges {
  /** Calls `listener` when the lists may have changed. Returns the function that ends that. */
  onListsChanged(listener: () => void): () => void;
  /**
   * Calls `listener` with each of these resources that changes, for everybody or for the session of the watcher. Returns the
   * function that ends that.
   */
  watch(uris: ReadonlySet<string>, listener: (uri: string) => void, session?: ClientSession): () => void;
}

/** A set of tools, prompts and resources that is served over MCP, independent of eras and transports. */
export interface McpService {
  readonly info: { readonly name: string; readonly version: string };
  /** By the names of the protocol: `{"tools": {"listChanged": true}}`. Methods of the others are refused. */
  readonly capabilities: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Text for models about the use of the whole. */
  readonly instructions?: string;
  /** Time that a client may cache a list. */
  readonly listTtlMs: number;
  /** Returns the lists; the same arrays as long as nothing has changed. */
  offer(): Offer;
  /** Returns a tool as it is offered. */
  tool(name: string): McpTool | undefined;
  /**
   * Runs `tools/call`, `prompts/get`, `resources/read` or `completion/complete`, and returns the result as it is sent.
   * @throws MeshError for one that was not answered; ProtocolError for one that cannot be.
   */
  request(request: McpRequest, caller: McpCaller): Promise<McpResult>;
  /** Absent where nothing changes. */
  readonly changes?: ServiceChanges;
}
