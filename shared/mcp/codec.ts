import { z } from 'zod';
import { ContentBlock, type Progress, type Tool, ToolAnnotations, type ToolResult } from '../contracts/tool.ts';
import { MeshError } from '../kit/faults/errors.ts';
import type { ToolContext } from '../kit/tools/tool.ts';
import { fitResult } from './results/fit-result.ts';
import { CHUNK_META_KEY, errorOfResult, SOURCE_META_KEY, sourceOf } from './meta.ts';
import type { McpNotification, McpResult, McpTool } from './protocol.ts';

/** Encodes a tool for MCP; where a hub has it from goes into its `_meta`. */
export function toMcpTool({
  input_schema,
  output_schema,
  server,
  status,
  status_reason: _why,
  original_name: _own,
  ...tool
}: Tool) {
  return {
    ...tool,
    inputSchema: { ...input_schema, type: 'object' as const },
    ...(output_schema === undefined ? {} : { outputSchema: output_schema }),
    ...(server === undefined ? {} : { _meta: { [SOURCE_META_KEY]: { server, status } } }),
  };
}

/** Decodes a listed tool: the reverse of {@link toMcpTool}. */
export function toTool(tool: McpTool): Tool {
  const { name, title, description = '', inputSchema, outputSchema, annotations = {} } = tool;
  const source = sourceOf(tool);
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    input_schema: inputSchema,
    ...(outputSchema === undefined ? {} : { output_schema: outputSchema }),
    annotations: ToolAnnotations.parse(annotations),
    ...(source === undefined ? {} : { server: source.server, status: source.status }),
    ...(source?.reason === undefined ? {} : { status_reason: source.reason }),
    ...(source?.name === undefined ? {} : { original_name: source.name }),
  };
}

/** Encodes the result of a tool that ran. */
export function toMcpResult({ content, structured_content, is_error }: ToolResult): McpResult {
  return {
    content,
    ...(structured_content === undefined ? {} : { structuredContent: structured_content }),
    ...(is_error ? { isError: true } : {}),
  };
}

const CallResult = z.looseObject({
  content: z.array(ContentBlock).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

export interface ReceivedResult {
  readonly tool: string;
  /** Names the server in errors. */
  readonly source: string;
  readonly result: McpResult;
  readonly durationMs: number;
}

/**
 * Decodes the result of a call: the reverse of {@link toMcpResult}.
 * @throws MeshError for a call that did not run, and upstream_failed for a result that is not MCP.
 */
export function toToolResult({ tool, source, result, durationMs }: ReceivedResult): ToolResult {
  const error = errorOfResult(result);
  if (error !== undefined) throw error;
  const parsed = CallResult.safeParse(fitResult({ method: 'tools/call', params: {} }, result, undefined));
  if (!parsed.success) {
    throw new MeshError('upstream_failed', `${source} sent a result that is not MCP`, { cause: parsed.error });
  }
  const { content, structuredContent, isError } = parsed.data;
  return {
    tool,
    is_error: isError,
    content,
    ...(structuredContent === undefined ? {} : { structured_content: structuredContent }),
    duration_ms: durationMs,
  };
}

/** The params of a progress notification, without its token. */
export type ProgressParams = Progress & { readonly _meta?: Readonly<Record<string, unknown>> };

/** Encodes progress and pieces of output as progress notifications, which `send` is called with. */
export function progressEncoder(send: (params: ProgressParams) => void): Pick<ToolContext, 'progress' | 'chunk'> {
  let last = 0;
  const progress = (params: ProgressParams) => {
    last = params.progress;
    send(params);
  };
  return {
    progress,
    chunk: (data) => {
      const message = typeof data === 'string' ? data : JSON.stringify(data);
      progress({ progress: last + 1, message, _meta: { [CHUNK_META_KEY]: data } });
    },
  };
}

const ReceivedProgress = z.looseObject({
  progress: z.number(),
  total: z.number().optional(),
  message: z.string().optional(),
  _meta: z.looseObject({}).optional(),
});

/** Decodes a progress notification into a call's context: the reverse of {@link progressEncoder}. Ignores any other. */
export function reportProgress({ method, params }: McpNotification, context: ToolContext): void {
  const received = ReceivedProgress.safeParse(params);
  if (method !== 'notifications/progress' || !received.success) return;
  const { _meta, progress, total, message } = received.data;
  if (_meta !== undefined && CHUNK_META_KEY in _meta) context.chunk(_meta[CHUNK_META_KEY]);
  else context.progress({ progress, total, message });
}
