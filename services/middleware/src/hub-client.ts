import { createHmac, randomBytes } from 'node:crypto';
import { isHubTool } from '@toolmesh/shared/contracts/hub-tools';
import { createHttpClient } from '@toolmesh/shared/kit/http/client';
import { createMcpClient } from '@toolmesh/shared/mcp/client/mcp-client';
import type { Tool, ToolResult } from '@toolmesh/shared/contracts/tool';
import type { ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { cacheFor } from './cache-for.ts';

export interface HubClient {
  /**
   * Returns the tools of the hub's servers, at most {@link LIST_TTL_MS} old: all of them, without the hub's own for those
   * who list few. @throws MeshError when the hub is out of reach.
   */
  listTools(): Promise<readonly Tool[]>;
  /** Returns the same as they are now. */
  listToolsNow(): Promise<readonly Tool[]>;
  /** @throws MeshError for a call that did not run. */
  callTool(name: string, args: unknown, context: ToolContext): Promise<ToolResult>;
  /** Returns a conversation of the hub: what servers keep for its calls is nobody else's. */
  conversation(sessionId: string): HubConversation;
  close(): Promise<void>;
}

/** The calls of one conversation. */
export interface HubConversation {
  readonly callTool: HubClient['callTool'];
  /** Ends it at the hub, with what servers keep for it. Never rejects: the hub ends it by itself, later. */
  end(): Promise<void>;
}

export interface HubClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
}

const LIST_TTL_MS = 1_000;
const END_TIMEOUT_MS = 5_000;
const MAX_KNOWN = 10_000;

/** Connects to the hub by MCP. */
export function createHubClient({ baseUrl, apiKey, timeoutMs }: HubClientOptions): HubClient {
  const server = { name: 'The MCP server', headers: apiKey === undefined ? {} : { 'x-api-key': apiKey } };
  const client = createMcpClient({
    ...server,
    url: `${baseUrl.replace(/\/$/, '')}/mcp?listing=full`,
    idleTimeoutMs: timeoutMs,
  });
  const timeouts = { connectMs: END_TIMEOUT_MS, idleMs: END_TIMEOUT_MS, totalMs: END_TIMEOUT_MS };
  const http = createHttpClient({ ...server, baseUrl, timeouts });
  const idOf = createConversationIds();
  /** Those that the hub may know, the oldest first. */
  const known = new Set<string>();
  const end = async (id: string): Promise<void> => {
    if (!known.delete(id)) return;
    await http.delete(`/conversations/${id}`, { signal: AbortSignal.timeout(END_TIMEOUT_MS) }).catch(() => {});
  };
  const listToolsNow = async () => (await client.listTools()).filter(({ name }) => !isHubTool(name));
  return {
    listTools: cacheFor(LIST_TTL_MS, listToolsNow),
    listToolsNow,
    callTool: client.callTool,
    conversation(sessionId) {
      const id = idOf(sessionId);
      return {
        callTool(name, args, context) {
          known.delete(id);
          known.add(id);
          const [oldest] = known;
          if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
          return client.callTool(name, args, { ...context, conversation: id });
        },
        end: () => end(id),
      };
    },
    close: client.close,
  };
}

/**
 * Returns what names conversations to the hub. A session may have any id, such as `my-chat`; with a key of this process nobody
 * else who may call the hub can guess that of its conversation.
 */
function createConversationIds(): (sessionId: string) => string {
  const key = randomBytes(32);
  return (sessionId) => createHmac('sha256', key).update(sessionId).digest('base64url');
}
