import type {
  ClientCapabilities,
  Prompt,
  Resource,
  ResourceTemplateType,
  Tool as McpTool,
} from '@modelcontextprotocol/client';
import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import type { WorkerPoolStats } from './pool/worker-pool.ts';

/** What an upstream offers, as it listed it. */
export interface Offer {
  readonly tools: readonly McpTool[];
  readonly prompts: readonly Prompt[];
  readonly resources: readonly Resource[];
  readonly resourceTemplates: readonly ResourceTemplateType[];
}

export const NOTHING: Offer = { tools: [], prompts: [], resources: [], resourceTemplates: [] };

/** A message of MCP that asks for something. */
export interface McpRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A message of MCP that tells something. */
export interface McpNotification {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

export type McpResult = Record<string, unknown>;

/** Known by identity. */
export interface ClientSession {
  /** Aborts when it is over. */
  readonly ended: AbortSignal;
}

/** Whoever has made a call, as far as it matters to the upstream that runs it. */
export interface Caller {
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
  /** Hears progress and log messages of this call; absent where nobody listens. */
  readonly notify?: ((notification: McpNotification) => void) | undefined;
  /** Puts a question of the upstream (elicitation, sampling, roots) to the caller; absent where it cannot be asked. */
  readonly ask?: ((request: McpRequest, signal: AbortSignal) => Promise<McpResult>) | undefined;
  /** What the caller says that it can do. */
  readonly capabilities: ClientCapabilities;
  /** Whether it answers questions by calling again with `inputResponses`, as 2026-07-28 has it. */
  readonly takesInputRequired: boolean;
  /** The client that the call is of, where it has a session: its calls are those of one client to an upstream, too. */
  readonly session?: ClientSession | undefined;
  /** The least of log messages that it wants; none without. */
  readonly logLevel?: string | undefined;
}

/** A caller that listens to nothing and answers nothing: a plain call. */
export const quietCaller = (signal: AbortSignal): Caller => ({ signal, capabilities: {}, takesInputRequired: false });

/** A server whose tools, resources and prompts the hub offers: however it is reached, this is what the hub sees. */
export interface Upstream {
  readonly name: string;
  readonly kind: 'url' | 'command' | 'openapi';
  readonly status: UpstreamStatus;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** Why it is not up, in words for an operator. */
  readonly lastError: string | undefined;
  /** The last good list. */
  readonly offer: Offer;
  /** Of an upstream that is a pool of processes. */
  workers?(): WorkerPoolStats;
  /**
   * Passes a request on, under the name that the upstream itself gives to what is asked for. The result is passed on
   * as it came.
   * @throws MeshError for a request that was not answered; ProtocolError for one that the upstream refused.
   */
  request(request: McpRequest, caller: Caller): Promise<McpResult>;
  /** Keeps an eye on resources: the hub's `onResourceUpdated` is called when one of them changes. */
  watch(uris: ReadonlySet<string>): void;
  /** Waits until its calls have ended, at most `graceMs`, and closes it. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}
