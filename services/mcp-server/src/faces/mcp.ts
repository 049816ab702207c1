import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, isCallToolResult, Server, type Tool as McpTool } from '@modelcontextprotocol/server';
import { leaveOpen } from '@toolmesh/shared/kit/http/app';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { inTraceOf } from '@toolmesh/shared/mcp/meta';
import { checkParamHeaders } from '@toolmesh/shared/mcp/param-headers';
import { serverSpan, withMcpSpan } from '@toolmesh/shared/mcp/span';
import { VERSION } from '@toolmesh/shared/kit/service/version';
import { json, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Catalogue } from '../catalogue.ts';
import type { McpResult } from '../upstreams/upstream.ts';
import type { Watchers } from '../resource-subscriptions.ts';
import { answersOf, callerOf } from './mcp-caller.ts';
import { toMcpError } from './mcp-errors.ts';
import { createFastCall } from './mcp-fast-call.ts';
import { LOG_LEVELS } from './mcp-notifier.ts';
import { createMcpSessions, type SessionState } from './mcp-sessions.ts';

export interface McpFaceOptions {
  readonly catalogue: Catalogue;
  readonly watchers: Watchers;
  readonly logger: Logger;
  readonly maxBodyBytes: number;
  /** How long a client may keep a list. */
  readonly listTtlMs: number;
}

export interface McpFace {
  readonly handler: RequestHandler;
  close(): Promise<void>;
}

const PASSED_ON = ['tools/call', 'resources/read', 'prompts/get', 'completion/complete'] as const;
const Params = z.looseObject({});
/**
 * The hub's MCP endpoint: 2026-07-28 without any state, and the 2025 and 2024 eras on the same URL. Clients of those get
 * a session, which is where list changes, log messages and questions reach them; calls work without one just as well.
 */
export function mcpFace(options: McpFaceOptions): McpFace {
  const { catalogue, watchers, logger, maxBodyBytes } = options;
  const modern = createMcpHandler(() => serverFor(options), {
    maxRequestBodySize: maxBodyBytes,
    onerror: (error) => logger.debug({ err: error }, 'MCP request refused'),
  });
  const onerror = (error: Error) => logger.error({ err: error }, 'MCP request failed');
  const serve = toNodeHandler(modern, { maxRequestBodySize: maxBodyBytes, onerror });
  const sessions = createMcpSessions((session) => serverFor(options, session));
  const fastCall = createFastCall(catalogue, logger);
  const readBody = json({ limit: maxBodyBytes });
  const checkHeaders = checkParamHeaders((name) => catalogue.tool(name)?.inputSchema, maxBodyBytes);

  const tellLists = () => {
    modern.notify.toolsChanged();
    modern.notify.promptsChanged();
    modern.notify.resourcesChanged();
    sessions.tellLists();
  };
  const stopTelling = [catalogue.onChange(tellLists), watchers.onUpdated((uri) => modern.notify.resourceUpdated(uri))];

  const listen = (req: Request, res: Response): void => {
    leaveOpen(res);
    const filter = Listen.safeParse(req.body);
    const uris = filter.success ? filter.data.params.notifications.resourceSubscriptions : [];
    if (uris.length > 0) res.once('close', watchers.watch(new Set(uris)));
  };

  const call: RequestHandler = (req, res, next) =>
    readBody(req, res, (error: unknown) => {
      if (error !== undefined && !isSyntaxError(error)) return next(error);
      if (!fastCall(req, res)) void serve(req, res, req.body);
    });

  const handler: RequestHandler = (req, res, next) => {
    // Only 2026-07-28 wants this header; a client before that may send it all the same.
    const isOfSession = req.get('mcp-session-id') !== undefined || req.get('mcp-method') === 'initialize';
    const method = isOfSession ? undefined : req.get('mcp-method');
    if (req.method === 'POST' && method !== undefined && method !== LISTEN) {
      return void checkHeaders(req, res, (error?: unknown) => {
        if (error !== undefined) next(error);
        else if (method === CALL) void call(req, res, next);
        // What no face of ours looks into is read by the SDK.
        else void serve(req, res, req.body);
      });
    }
    if (req.method !== 'POST') return sessions.serve(req, res) ? undefined : void serve(req, res);
    readBody(req, res, (error: unknown) => {
      // What cannot be read is refused as MCP refuses it: the SDK sees an empty body.
      if (error !== undefined && !isSyntaxError(error)) return next(error);
      if (method === LISTEN) listen(req, res);
      if (method === undefined && sessions.serve(req, res)) return;
      void serve(req, res, req.body);
    });
  };
  return {
    handler,
    async close() {
      for (const stop of stopTelling) stop();
      await Promise.all([modern.close(), sessions.close()]);
    },
  };
}

const LISTEN = 'subscriptions/listen';
const CALL = 'tools/call';

const Listen = z.object({
  params: z.object({ notifications: z.object({ resourceSubscriptions: z.array(z.string()).max(1_000).default([]) }) }),
});

const isSyntaxError = (error: unknown): boolean =>
  Error.isError(error) && 'type' in error && error.type === 'entity.parse.failed';

function serverFor({ catalogue, watchers, listTtlMs }: McpFaceOptions, session?: SessionState): Server {
  const hint = { ttlMs: listTtlMs, cacheScope: 'public' } as const;
  const server = new Server(
    { name: 'toolmesh', version: VERSION },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
      },
      cacheHints: {
        'tools/list': hint,
        'prompts/list': hint,
        'resources/list': hint,
        'resources/templates/list': hint,
      },
    },
  );
  server.setRequestHandler('tools/list', () => ({ tools: [...catalogue.offer().tools] }));
  server.setRequestHandler('prompts/list', () => ({ prompts: [...catalogue.offer().prompts] }));
  server.setRequestHandler('resources/list', () => ({ resources: [...catalogue.offer().resources] }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [...catalogue.offer().resourceTemplates],
  }));
  for (const method of PASSED_ON) {
    server.setRequestHandler(method, { params: Params }, async (params, context) => {
      try {
        const sent = { ...params, ...answersOf(context) };
        const caller = callerOf(context, server, session);
        const { _meta } = context.mcpReq;
        const span = serverSpan(method, params['name'], context.mcpReq);
        const pass = () => inTraceOf(_meta, () => catalogue.request({ method, params: sent }, caller));
        const result = await withMcpSpan(span, pass);
        return method === 'tools/call' ? fitting(result, catalogue.tool(String(params['name'])), server) : result;
      } catch (thrown) {
        return toMcpError(method, thrown);
      }
    });
  }
  server.setRequestHandler(
    'logging/setLevel',
    { params: z.looseObject({ level: z.enum(LOG_LEVELS) }) },
    async ({ level }) => {
      if (session !== undefined) session.logLevel = level;
      return {};
    },
  );
  const Uri = { params: z.looseObject({ uri: z.string().max(2_048) }) };
  server.setRequestHandler('resources/subscribe', Uri, async ({ uri }) => {
    session?.subscribe(uri, watchers);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', Uri, async ({ uri }) => {
    session?.unsubscribe(uri);
    return {};
  });
  return server;
}

/** Structured content may be any JSON since 2026-07-28; callers before that get what is no object wrapped in one. */
function fitting(result: McpResult, tool: McpTool | undefined, server: Server): McpResult {
  const { structuredContent } = result;
  const isPlain =
    typeof structuredContent === 'object' && structuredContent !== null && !Array.isArray(structuredContent);
  const fits = isPlain && (tool?.outputSchema === undefined || tool.outputSchema['type'] === 'object');
  if (structuredContent === undefined || fits || !isCallToolResult(result)) return result;
  return { ...server.projectCallToolResult(result, tool?.outputSchema) };
}
