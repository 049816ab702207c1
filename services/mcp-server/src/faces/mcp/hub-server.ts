import { isCallToolResult, Server, type ServerContext } from '@modelcontextprotocol/server';
import { VERSION } from '@toolmesh/shared/kit/service/version';
import { inTraceOf } from '@toolmesh/shared/mcp/meta';
import type { McpResult, McpTool } from '@toolmesh/shared/mcp/protocol';
import { serverSpan, withMcpSpan } from '@toolmesh/shared/mcp/span';
import { z } from 'zod';
import type { Catalogue } from '../../catalogue.ts';
import type { ResourceSubscriptions } from '../../resource-subscriptions.ts';
import { answersOf, callerOf } from './caller.ts';
import { toMcpError } from './errors.ts';
import { LOG_LEVELS } from './notifier.ts';
import type { SessionState } from './session.ts';

export interface HubServerOptions {
  readonly catalogue: Catalogue;
  readonly subscriptions: ResourceSubscriptions;
  /** Time that a client may cache a list. */
  readonly listTtlMs: number;
}

const PASSED_ON = ['tools/call', 'resources/read', 'prompts/get', 'completion/complete'] as const;
const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
};
const Params = z.looseObject({});
const Level = { params: z.looseObject({ level: z.enum(LOG_LEVELS) }) };
const Uri = { params: z.looseObject({ uri: z.string().max(2_048) }) };

/** Makes the SDK's server for one request of 2026-07-28, or for one session of a client before. */
export function createHubServer(options: HubServerOptions, session?: SessionState): Server {
  const { catalogue, subscriptions, listTtlMs } = options;
  const hint = { ttlMs: listTtlMs, cacheScope: 'public' } as const;
  const cacheHints = {
    'tools/list': hint,
    'prompts/list': hint,
    'resources/list': hint,
    'resources/templates/list': hint,
  };
  const server = new Server({ name: 'toolmesh', version: VERSION }, { capabilities: CAPABILITIES, cacheHints });
  // Ours are typed loosely; the server checks each against the protocol before it leaves.
  server.setRequestHandler('tools/list', () => ({ tools: Object(catalogue.offer().tools) }));
  server.setRequestHandler('prompts/list', () => ({ prompts: [...catalogue.offer().prompts] }));
  server.setRequestHandler('resources/list', () => ({ resources: [...catalogue.offer().resources] }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [...catalogue.offer().resourceTemplates],
  }));
  for (const method of PASSED_ON) {
    const pass = passOn({ method, catalogue, server, session });
    server.setRequestHandler(method, { params: Params }, pass);
  }
  server.setRequestHandler('logging/setLevel', Level, async ({ level }) => {
    if (session !== undefined) session.logLevel = level;
    return {};
  });
  server.setRequestHandler('resources/subscribe', Uri, async ({ uri }) => {
    session?.subscribe(uri, subscriptions);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', Uri, async ({ uri }) => {
    session?.unsubscribe(uri);
    return {};
  });
  return server;
}

interface PassOnOptions {
  readonly method: (typeof PASSED_ON)[number];
  readonly catalogue: Catalogue;
  readonly server: Server;
  readonly session: SessionState | undefined;
}

/** Returns the handler that passes requests of one method on to the catalogue. */
function passOn({ method, catalogue, server, session }: PassOnOptions) {
  return async (params: Readonly<Record<string, unknown>>, context: ServerContext): Promise<McpResult> => {
    try {
      const request = { method, params: { ...params, ...answersOf(context) } };
      const caller = callerOf(context, server, session);
      const span = serverSpan(method, params['name'], context.mcpReq);
      const pass = () => inTraceOf(context.mcpReq._meta, () => catalogue.request(request, caller));
      const result = await withMcpSpan(span, pass);
      return method === 'tools/call' ? projected(result, catalogue.tool(String(params['name'])), server) : result;
    } catch (thrown) {
      return toMcpError(method, thrown);
    }
  };
}

/** Wraps structured content in an object for callers before 2026-07-28, which allows any JSON. */
function projected(result: McpResult, tool: McpTool | undefined, server: Server): McpResult {
  const { structuredContent } = result;
  const isPlain =
    typeof structuredContent === 'object' && structuredContent !== null && !Array.isArray(structuredContent);
  const fits = isPlain && (tool?.outputSchema === undefined || tool.outputSchema['type'] === 'object');
  if (structuredContent === undefined || fits || !isCallToolResult(result)) return result;
  return { ...server.projectCallToolResult(result, tool?.outputSchema) };
}
