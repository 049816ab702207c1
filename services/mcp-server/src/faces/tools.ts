import { INVALID_PARAMS, ProtocolError, type Tool as McpTool } from '@modelcontextprotocol/client';
import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import { CHUNK_META_KEY, errorOfResult } from '@toolmesh/shared/mcp/meta';
import { ContentBlock, type Tool, ToolAnnotations, type ToolResult } from '@toolmesh/shared/contracts/tool';
import type { ToolCatalogue, ToolContext } from '@toolmesh/shared/kit/tools/tool';
import { elapsed } from '@toolmesh/shared/kit/tools/tool-catalogue';
import { z } from 'zod';
import type { Catalogue } from '../catalogue.ts';
import type { Caller, McpNotification, McpResult } from '../upstreams/upstream.ts';

/** The hub's tools as the REST, SSE and WebSocket faces know them. */
export function toolsOf(catalogue: Catalogue): ToolCatalogue {
  let listed: { readonly from: readonly McpTool[]; readonly tools: readonly Tool[] } = { from: [], tools: [] };
  return {
    list() {
      const { tools } = catalogue.offer();
      if (listed.from !== tools) listed = { from: tools, tools: tools.map((tool) => toTool(tool, catalogue)) };
      return listed.tools;
    },
    async call(name, args, context) {
      const started = performance.now();
      const params = { name, arguments: args };
      try {
        const result = await catalogue.request({ method: 'tools/call', params }, callerOf(context));
        return toResult(name, result, elapsed(started));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        const told = meshErrorOf(`The upstream of ${name}`, error);
        if (error.code !== INVALID_PARAMS || told.code !== 'upstream_failed') throw told;
        throw new MeshError('invalid_arguments', error.message, { cause: error });
      }
    },
  };
}

function toTool({ name, title, description, inputSchema, outputSchema, annotations }: McpTool, catalogue: Catalogue) {
  const upstream = catalogue.ownerOf(name);
  const tool: Tool = {
    name,
    ...(title === undefined ? {} : { title }),
    description: description ?? '',
    input_schema: inputSchema,
    ...(outputSchema === undefined ? {} : { output_schema: outputSchema }),
    annotations: ToolAnnotations.parse(annotations ?? {}),
    ...(upstream === undefined ? {} : { server: upstream.name, status: upstream.status }),
  };
  return tool;
}

const Result = z.looseObject({
  content: z.array(ContentBlock).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

function toResult(tool: string, raw: McpResult, duration_ms: number): ToolResult {
  const error = errorOfResult(raw);
  if (error !== undefined) throw error;
  const parsed = Result.safeParse(raw);
  if (!parsed.success) {
    throw new MeshError('upstream_failed', `The upstream of ${tool} sent a result that is not MCP`, {
      cause: parsed.error,
    });
  }
  const { content, structuredContent, isError } = parsed.data;
  return {
    tool,
    is_error: isError,
    content,
    ...(structuredContent === undefined ? {} : { structured_content: structuredContent }),
    duration_ms,
  };
}

function callerOf(context: ToolContext): Caller {
  return {
    signal: context.signal,
    notify: context.isListening ? (notification) => passOn(notification, context) : undefined,
    capabilities: {},
    takesInputRequired: false,
  };
}

const Told = z.looseObject({
  progress: z.number(),
  total: z.number().optional(),
  message: z.string().optional(),
  _meta: z.looseObject({}).optional(),
});

function passOn({ method, params }: McpNotification, context: ToolContext): void {
  const told = Told.safeParse(params);
  if (method !== 'notifications/progress' || !told.success) return;
  const { _meta, progress, total, message } = told.data;
  if (_meta !== undefined && CHUNK_META_KEY in _meta) context.chunk(_meta[CHUNK_META_KEY]);
  else context.progress({ progress, total, message });
}
