import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import type { Tool } from '@toolmesh/shared/contracts/tool';
import type { ToolCatalogue } from '@toolmesh/shared/kit/tools/tool';
import { elapsed } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { conversationMeta, requesterOf } from '@toolmesh/shared/mcp/client/mcp-client';
import { toTool, toToolResult } from '@toolmesh/shared/mcp/codec';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import { INVALID_PARAMS, type McpTool, ProtocolError } from '@toolmesh/shared/mcp/protocol';
import type { Offering } from '../hub-tools/offering.ts';

/** Returns the hub's tools as the REST, SSE and WebSocket faces know them. */
export function toolsOf(catalogue: Offering): ToolCatalogue {
  let listed: { readonly from: readonly McpTool[]; readonly tools: readonly Tool[] } = { from: [], tools: [] };
  return {
    list() {
      const { tools } = catalogue.offer();
      if (listed.from !== tools) listed = { from: tools, tools: tools.map(toTool) };
      return listed.tools;
    },
    async call(tool, args, context) {
      const started = performance.now();
      const source = `The upstream of ${tool}`;
      const request = { method: 'tools/call', params: { name: tool, arguments: args, ...conversationMeta(context) } };
      const caller = { ...requesterOf(context), takesInputRequired: false };
      const result = await catalogue.request(request, caller).catch((error: unknown) => {
        throw toCallError(source, error);
      });
      return toToolResult({ tool, source, result, durationMs: elapsed(started) });
    },
  };
}

/** Translates a refusal of the upstream: most often it did not like the arguments. */
function toCallError(source: string, error: unknown): unknown {
  if (!(error instanceof ProtocolError)) return error;
  const translated = meshErrorOf(source, error);
  if (error.code !== INVALID_PARAMS || translated.code !== 'upstream_failed') return translated;
  const { details } = translated;
  return new MeshError('invalid_arguments', error.message, {
    cause: error,
    ...(details === undefined ? {} : { details }),
  });
}
