import type { Tool } from '../../contracts/tool.ts';
import { VERSION } from '../../kit/service/version.ts';
import type { ToolCatalogue, ToolContext } from '../../kit/tools/tool.ts';
import { progressEncoder, toMcpResult, toMcpTool } from '../codec.ts';
import { QUIET_META_KEY } from '../meta.ts';
import { type McpRequest, METHOD_NOT_FOUND, NO_OFFER, type Offer, ProtocolError } from '../protocol.ts';
import type { McpCaller, McpService } from './mcp-service.ts';

/** Time that a client may cache a list: the tools of a service do not change while it runs. */
const LIST_TTL_MS = 60_000;

/** Returns the tools of a catalogue as MCP serves them, under the name of their service. */
export function toolsService(catalogue: ToolCatalogue, name: string): McpService {
  let listed: { readonly from: readonly Tool[]; readonly offer: Offer } = { from: [], offer: NO_OFFER };
  const offer = (): Offer => {
    const from = catalogue.list();
    if (listed.from !== from) listed = { from, offer: { ...NO_OFFER, tools: from.map(toMcpTool) } };
    return listed.offer;
  };
  return {
    info: { name, version: VERSION },
    capabilities: { tools: {} },
    listTtlMs: LIST_TTL_MS,
    offer,
    tool: (wanted) => offer().tools.find((tool) => tool.name === wanted),
    async request({ method, params }, caller) {
      if (method !== 'tools/call') throw new ProtocolError(METHOD_NOT_FOUND, `Method not found: ${method}`);
      const result = await catalogue.call(String(params['name']), params['arguments'], contextOf(params, caller));
      return toMcpResult(result);
    },
  };
}

function contextOf({ _meta }: McpRequest['params'], { signal, notify }: McpCaller): ToolContext {
  const { [QUIET_META_KEY]: isQuiet }: Record<string, unknown> = Object(_meta);
  return {
    signal,
    wantsProgress: notify !== undefined && isQuiet !== true,
    ...progressEncoder((params) => notify?.({ method: 'notifications/progress', params: { ...params } })),
  };
}
