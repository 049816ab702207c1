import type { ReadOffer } from '@toolmesh/shared/mcp/client/offer/defect';
import type { UpstreamStatus } from '@toolmesh/shared/contracts/tool';
import type { ClientCapabilities, McpRequest, McpResult, Requester } from '@toolmesh/shared/mcp/protocol';
import type { UpstreamFailure } from './guard/failure-facts.ts';
import type { WorkerPoolStats } from './pool/worker-pool.ts';
import type { Isolation } from './stdio/jail/stdio-jail.ts';

/** A session of an MCP client of 2025 with the hub, known by identity. */
export interface ClientSession {
  /** Aborts when the session ends. */
  readonly ended: AbortSignal;
}

/** The caller of a request, reduced to what an upstream needs. */
export interface Caller extends Requester {
  /** Puts a request of the upstream (elicitation, sampling, roots) to the caller. Undefined if it cannot be asked. */
  readonly ask?: ((request: McpRequest, signal: AbortSignal) => Promise<McpResult>) | undefined;
  /** True if it answers questions by calling again with `inputResponses`, as 2026-07-28 has it. */
  readonly takesInputRequired: boolean;
  /** The session that the request belongs to: all its requests are those of one client to an upstream, too. */
  readonly session?: ClientSession | undefined;
}

/** Returns whether a client with these capabilities answers requests of a server. */
export const takesQuestions = ({ elicitation, sampling, roots }: ClientCapabilities): boolean =>
  (elicitation ?? sampling ?? roots) !== undefined;

/** A server whose tools, resources and prompts the hub offers, independent of how it is reached. */
export interface Upstream {
  readonly name: string;
  /** Unknown for an entry of mesh.json that does not say. */
  readonly kind: 'url' | 'command' | 'openapi' | 'unknown';
  readonly status: UpstreamStatus;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** The reason why it is not up, in words for an operator. */
  readonly lastError: string | undefined;
  /** The same, in facts. */
  readonly failure?: UpstreamFailure | undefined;
  /** The last good lists, and what is wrong with those that came. */
  readonly offer: ReadOffer;
  /** Present for a pool of processes. */
  workers?(): WorkerPoolStats;
  /** Returns what is under way before it is up, in words for an operator: the start of a process, the reading of a document. */
  starting?(): string | undefined;
  /** Present for a command; undefined until it is known. */
  isolation?(): Isolation | undefined;
  /**
   * Sends a request under the name that the upstream itself gives to its target. Returns the result unchanged.
   * @throws MeshError for a request that was not answered; ProtocolError for one that the upstream refused.
   */
  request(request: McpRequest, caller: Caller): Promise<McpResult>;
  /** Subscribes to changes of these resources, and of no others: they reach the hub's `onResourceUpdated`. */
  subscribe(uris: ReadonlySet<string>): void;
  /** Waits until its calls have ended, at most `graceMs`, and closes it. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}
