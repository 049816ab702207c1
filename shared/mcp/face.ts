import { toNodeHandler } from '@modelcontextprotocol/node';
import { type CallToolResult, createMcpHandler, Server, type ServerContext } from '@modelcontextprotocol/server';
import type { RequestHandler } from 'express';
import { MeshError } from '../kit/faults/errors.ts';
import type { Logger } from '../kit/telemetry/logger.ts';
import { checkParamHeaders } from './check-param-headers.ts';
import { neverStore } from './no-store.ts';
import { readMcpBody } from './read-body.ts';
import { progressEncoder, type ProgressParams, toMcpResult, toMcpTool } from './codec.ts';
import { errorResult, inTraceOf, QUIET_META_KEY } from './meta.ts';
import { INVALID_PARAMS, ProtocolError } from './protocol.ts';
import { serverSpan, withMcpSpan } from './span.ts';
import type { ToolCatalogue, ToolContext } from '../kit/tools/tool.ts';
import { VERSION } from '../kit/service/version.ts';

export interface McpFaceOptions {
  readonly name: string;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
  /** Time that a client may cache the list of tools. Default: a minute, for tools that do not change while we run. */
  readonly listTtlMs?: number;
}

/**
 * Serves a catalogue over MCP: Streamable HTTP, stateless, protocol 2026-07-28 and the 2025 and 2024 eras on one URL.
 * The low-level `Server` is made per request by the SDK's design; a prepared list keeps that cheap.
 */
export function mcpFace(catalogue: ToolCatalogue, options: McpFaceOptions): RequestHandler {
  const { name, logger, maxBodyBytes, listTtlMs = 60_000 } = options;
  const handler = createMcpHandler(() => serverFor(catalogue, name, listTtlMs), {
    maxRequestBodySize: maxBodyBytes,
    onerror: (error) => logger.debug({ err: error }, 'MCP request refused'),
  });
  const onerror = (error: Error) => logger.error({ err: error }, 'MCP request failed');
  const serve = toNodeHandler(handler, { maxRequestBodySize: maxBodyBytes, onerror });
  const schemaOf = (tool: string) => catalogue.list().find(({ name: known }) => known === tool)?.input_schema;
  const read = readMcpBody(maxBodyBytes);
  const check = checkParamHeaders(schemaOf);
  return (req, res, next) => {
    neverStore(res);
    read(req, res, (error?: unknown) => {
      if (error !== undefined) return next(error);
      return check(req, res, () => void serve(req, res, req.body));
    });
  };
}

function serverFor(catalogue: ToolCatalogue, name: string, ttlMs: number): Server {
  const server = new Server(
    { name, version: VERSION },
    {
      capabilities: { tools: {} },
      cacheHints: { 'tools/list': { ttlMs, cacheScope: 'public' } },
    },
  );
  server.setRequestHandler('tools/list', () => ({ tools: catalogue.list().map(toMcpTool) }));
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    try {
      const { _meta } = context.mcpReq;
      const call = () => inTraceOf(_meta, () => catalogue.call(params.name, params.arguments, contextOf(context)));
      const span = serverSpan('tools/call', params.name, context.mcpReq);
      // Ours is typed loosely; the server checks each block against the protocol before it leaves.
      const result: CallToolResult = Object(toMcpResult(await withMcpSpan(span, call)));
      if (context.mcpReq.envelope !== undefined || result.structuredContent === undefined) return result;
      const tool = catalogue.list().find(({ name: known }) => known === params.name);
      // Before 2026-07-28 structured content has to be an object: anything else is wrapped in one.
      return server.projectCallToolResult(result, tool?.output_schema);
    } catch (thrown) {
      const error = MeshError.from(thrown);
      if (error.code === 'tool_not_found') throw new ProtocolError(INVALID_PARAMS, error.message, error.toBody().error);
      if (error.code === 'internal') throw thrown;
      return errorResult(error);
    }
  });
  return server;
}

function contextOf({ mcpReq }: ServerContext): ToolContext {
  const progressToken = mcpReq._meta?.progressToken;
  const notify = (params: ProgressParams) => {
    if (progressToken === undefined) return;
    // A caller that is gone cannot be notified; its call ends through the signal.
    mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...params } }).catch(() => {});
  };
  return {
    signal: mcpReq.signal,
    wantsProgress: progressToken !== undefined && mcpReq._meta?.[QUIET_META_KEY] !== true,
    ...progressEncoder(notify),
  };
}
