import { CALL_TOOL, isHubTool, SEARCH_TOOLS } from '@toolmesh/shared/contracts/hub-tools';
import { checkInput, MeshError } from '@toolmesh/shared/kit/faults/errors';
import { runSearch, SearchInput } from '@toolmesh/shared/kit/search/search-tools';
import type { ToolSearch } from '@toolmesh/shared/kit/search/tool-search';
import { CALLING_TOOL, ReceivedCall, SEARCH_TOOL } from '@toolmesh/shared/kit/search/hub-tools';
import { toMcpTool } from '@toolmesh/shared/mcp/codec';
import { errorResult } from '@toolmesh/shared/mcp/meta';
import type { McpRequest, McpResult, McpTool, Offer } from '@toolmesh/shared/mcp/protocol';
import type { StartCall } from '../catalogue.ts';
import type { Caller } from '../upstreams/upstream.ts';
import type { Offering } from './offering.ts';

/** The tools that a list has: all, or the hub's own and a few beside them. */
export type Listing = 'full' | 'search';

export interface HubToolsOptions {
  readonly listing: () => Listing;
  /** Returns whether a list that is for searching has a tool all the same. */
  readonly isPinned: (tool: string) => boolean;
  readonly search: ToolSearch;
  /** Called for each search; calls are counted by the tool that is called. */
  readonly timers: readonly StartCall[];
}

const OWN: ReadonlyMap<string, McpTool> = new Map(
  [SEARCH_TOOL, CALLING_TOOL].map((tool) => [tool.name, toMcpTool(tool)]),
);

/** Adds the hub's own tools to an offering. Both know and call what the offering has, and nothing else. */
export function withHubTools(offering: Offering, options: HubToolsOptions): Offering {
  const { listing, isPinned } = options;
  let listed: { readonly from: Offer | undefined; readonly offer: Offer } = {
    from: undefined,
    offer: offering.offer(),
  };
  const runOwn = createOwnTools(offering, options);
  return {
    ...offering,
    offer() {
      const from = offering.offer();
      if (listed.from !== from) {
        const shown = listing() === 'full' ? from.tools : from.tools.filter(({ name }) => isPinned(name));
        listed = { from, offer: { ...from, tools: [...shown, ...OWN.values()] } };
      }
      return listed.offer;
    },
    tool: (name) => OWN.get(name) ?? offering.tool(name),
    request: (request, caller) => {
      const name = request.method === 'tools/call' ? request.params['name'] : undefined;
      return typeof name === 'string' && isHubTool(name)
        ? runOwn(name, request, caller)
        : offering.request(request, caller);
    },
  };
}

/** Returns what runs the hub's own tools over an offering. */
function createOwnTools(offering: Offering, { search, timers }: HubToolsOptions) {
  const searchTools = async (args: unknown): Promise<McpResult> => {
    const input = checkInput(SearchInput, args, argumentsOf(SEARCH_TOOLS));
    const stops = timers.map((start) => start(SEARCH_TOOLS));
    const found = await runSearch(search, input, { accept: ({ name }) => offering.tool(name) !== undefined });
    stops.forEach((stop) => stop('success'));
    return { content: [{ type: 'text', text: JSON.stringify(found) }], structuredContent: found };
  };
  const callTool = async (request: McpRequest, caller: Caller): Promise<McpResult> => {
    const { name, arguments: args } = checkInput(
      ReceivedCall,
      request.params['arguments'] ?? {},
      argumentsOf(CALL_TOOL),
    );
    if (isHubTool(name))
      throw new MeshError('invalid_arguments', `${CALL_TOOL} cannot call ${name}: call it by itself`);
    const inner = { ...request, params: { ...request.params, name, arguments: args } };
    return offering.request(inner, caller).catch((error: unknown) => {
      // The tool of this call exists; the name in its arguments is what a model has to correct.
      if (error instanceof MeshError && error.code === 'tool_not_found') return errorResult(withNearest(error));
      throw error;
    });
  };
  return async (name: string, request: McpRequest, caller: Caller): Promise<McpResult> =>
    name === SEARCH_TOOLS ? searchTools(request.params['arguments'] ?? {}) : callTool(request, caller);
}

const argumentsOf = (name: string) => ({ code: 'invalid_arguments' as const, subject: `Arguments of ${name}` });

/** Names the nearest tools in the text, which is all that a model reads. */
function withNearest(error: MeshError): MeshError {
  const { did_you_mean: near = [] }: { did_you_mean?: readonly string[] } = Object(error.details);
  const hint = near.length === 0 ? `search with ${SEARCH_TOOLS}` : `did you mean ${near.join(', ')}?`;
  return new MeshError(error.code, `${error.message}; ${hint}`, { details: error.details });
}
