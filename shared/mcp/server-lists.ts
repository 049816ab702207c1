import { type Client, METHOD_NOT_FOUND, ProtocolError, type ServerCapabilities } from '@modelcontextprotocol/client';
import type { McpTool, Offer } from './protocol.ts';

/** Bounds of one request for a list. */
export interface ListBounds {
  readonly signal?: AbortSignal | undefined;
  readonly timeout: number;
}

/** Requests the list of tools, all pages of it. */
export async function listTools(client: Client, { signal, timeout }: ListBounds): Promise<readonly McpTool[]> {
  const { tools } = await client.listTools(undefined, { timeout, cacheMode: 'refresh', ...(signal && { signal }) });
  return tools;
}

/** Requests the lists of all that the server declares to have. */
export async function listAll(client: Client, { signal, timeout }: ListBounds): Promise<Offer> {
  const offered: ServerCapabilities = client.getServerCapabilities() ?? {};
  const options = { timeout, cacheMode: 'refresh' as const, ...(signal && { signal }) };
  const prompts = async () => (await client.listPrompts(undefined, options)).prompts;
  const resources = async () => (await client.listResources(undefined, options)).resources;
  const templates = async () => (await client.listResourceTemplates(undefined, options)).resourceTemplates;
  const [tools, ...others] = await Promise.all([
    offered.tools === undefined ? [] : listTools(client, { signal, timeout }),
    offered.prompts === undefined ? [] : prompts(),
    offered.resources === undefined ? [] : resources(),
    offered.resources === undefined ? [] : templates().catch(noneIfUnknown),
  ]);
  return { tools, prompts: others[0], resources: others[1], resourceTemplates: others[2] };
}

/** Servers that have resources need not have templates. */
function noneIfUnknown(error: unknown): [] {
  if (error instanceof ProtocolError && error.code === METHOD_NOT_FOUND) return [];
  throw error;
}
