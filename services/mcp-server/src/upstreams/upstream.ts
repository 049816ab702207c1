import type { Tool, ToolContext, ToolResult, UpstreamStatus } from '@toolmesh/shared/tool';

/** A server whose tools the hub offers: however it is reached, this is what the hub sees of it. */
export interface Upstream {
  readonly name: string;
  readonly status: UpstreamStatus;
  readonly breaker: 'closed' | 'open' | 'half_open';
  /** Why it is not up, in words for an operator. */
  readonly lastError: string | undefined;
  /** The tools of the last good list, under the names that the hub gives them. */
  readonly tools: readonly Tool[];
  /** Calls one of `tools` by its hub name. @throws MeshError for a call that did not run. */
  call(tool: string, args: unknown, context: ToolContext): Promise<ToolResult>;
  close(): Promise<void>;
}
