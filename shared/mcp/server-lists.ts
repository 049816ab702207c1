import { type Client, METHOD_NOT_FOUND, ProtocolError, type ServerCapabilities } from '@modelcontextprotocol/client';
import { isDeepValue } from '../kit/json/depth.ts';
import { tooDeep } from './errors.ts';
import type { McpTool, Offer } from './protocol.ts';

/** Bounds of one request for a list. */
export interface ListBounds {
  readonly signal?: AbortSignal | undefined;
  readonly timeout: number;
}

/** The most levels of a list: schemas take two for each of their own. */
const MAX_LIST_DEPTH = 256;

/** Requests the list of tools, all pages of it. */
export async function listTools(client: Client, { signal, timeout }: ListBounds): Promise<readonly McpTool[]> {
  const { tools } = await client.listTools(undefined, { timeout, cacheMode: 'refresh', ...(signal && { signal }) });
  return checked(tools);
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
  return { tools, ...checked({ prompts: others[0], resources: others[1], resourceTemplates: others[2] }) };
}

/** Returns `lists` if they can be passed on. @throws MeshError upstream_failed */
function checked<Lists>(lists: Lists): Lists {
  if (isDeepValue(lists, MAX_LIST_DEPTH)) throw tooDeep('The server', MAX_LIST_DEPTH);
  return lists;
}

/** Servers that have resources need not have templates. */
function noneIfUnknown(error: unknown): [] {
  if (error instanceof ProtocolError && error.code === METHOD_NOT_FOUND) return [];
  throw error;
}
