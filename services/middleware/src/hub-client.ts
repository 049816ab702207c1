import { createMcpClient } from '@toolmesh/shared/mcp/client/mcp-client';
import type { Tool, ToolResult } from '@toolmesh/shared/contracts/tool';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { cacheFor } from './cache-for.ts';

export interface HubClient {
  /** Returns the hub's tools, at most {@link LIST_TTL_MS} old. @throws MeshError when the hub is out of reach. */
  listTools(): Promise<readonly Tool[]>;
  /** @throws MeshError for a call that did not run. */
  callTool(name: string, args: unknown, context: ToolContext): Promise<ToolResult>;
  close(): Promise<void>;
}

export interface HubClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
}

const LIST_TTL_MS = 1_000;

/** Connects to the hub by MCP. */
export function createHubClient({ baseUrl, apiKey, timeoutMs }: HubClientOptions): HubClient {
  const client = createMcpClient({
    name: 'The MCP server',
    url: `${baseUrl.replace(/\/$/, '')}/mcp`,
    headers: apiKey === undefined ? {} : { 'x-api-key': apiKey },
    idleTimeoutMs: timeoutMs,
  });
  return {
    listTools: cacheFor(LIST_TTL_MS, () => client.listTools()),
    callTool: client.callTool,
    close: client.close,
  };
}
