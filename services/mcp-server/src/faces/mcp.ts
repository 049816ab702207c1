import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createMcpHandler,
  isSpecType,
  LOG_LEVEL_META_KEY,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { leaveOpen } from '@toolmesh/shared/http-server';
import type { Logger } from '@toolmesh/shared/logger';
import { serverSpan, withMcpSpan } from '@toolmesh/shared/mcp-span';
import { VERSION } from '@toolmesh/shared/version';
import { json, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Catalogue } from '../catalogue.ts';
import type { Caller, McpNotification, McpResult } from '../upstreams/upstream.ts';
import type { Watchers } from '../watchers.ts';
import { toMcpError } from './mcp-errors.ts';
import { createFastCall } from './mcp-fast-call.ts';
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
const Anything = z.record(z.string(), z.unknown());
/** How long a user of 2025's clients may think about a question. */
const ANSWER_TIMEOUT_MS = 300_000;

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

  const handler: RequestHandler = (req, res, next) => {
    const method = req.get('mcp-method');
    // What no face of ours looks into is read by the SDK.
    if (req.method === 'POST' && method !== undefined && method !== LISTEN && method !== CALL) {
      return void serve(req, res);
    }
    if (req.method !== 'POST') return sessions.serve(req, res) ? undefined : void serve(req, res);
    readBody(req, res, (error: unknown) => {
      // What cannot be read is refused as MCP refuses it: the SDK sees an empty body.
      if (error !== undefined && !isSyntaxError(error)) return next(error);
      if (method === LISTEN) listen(req, res);
      if (method === CALL && fastCall(req, res)) return;
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
        const span = serverSpan(method, params['name'], context.mcpReq);
        return await withMcpSpan(span, () =>
          catalogue.request({ method, params: sent }, callerOf(context, server, session)),
        );
      } catch (thrown) {
        return toMcpError(method, thrown);
      }
    });
  }
  server.setRequestHandler('logging/setLevel', { params: z.looseObject({ level: z.string() }) }, async ({ level }) => {
    if (session !== undefined) session.logLevel = level;
    return {};
  });
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

/** What a call that is made again brings: the answers to the questions that its first try led to. */
function answersOf({ mcpReq }: ServerContext): McpResult {
  const requestState = mcpReq.requestState();
  return {
    ...(mcpReq.inputResponses === undefined ? {} : { inputResponses: mcpReq.inputResponses }),
    ...(requestState === undefined ? {} : { requestState }),
  };
}

function callerOf(context: ServerContext, server: Server, session: SessionState | undefined): Caller {
  const { mcpReq } = context;
  const { envelope, signal } = mcpReq;
  const isModern = envelope !== undefined;
  const told = new Map<string, unknown>(Object.entries(envelope ?? {}));
  const capabilities = toCapabilities(told.get(CLIENT_CAPABILITIES_META_KEY)) ?? server.getClientCapabilities() ?? {};
  const canBeAsked = (capabilities.elicitation ?? capabilities.sampling ?? capabilities.roots) !== undefined;
  const logLevel = isModern
    ? toLogLevel(told.get(LOG_LEVEL_META_KEY))
    : (session?.logLevel ?? (canBeAsked ? 'info' : undefined));
  return {
    signal,
    capabilities,
    takesInputRequired: isModern,
    logLevel,
    notify: notifierOf(context, logLevel !== undefined),
    ask:
      isModern || session === undefined || !canBeAsked
        ? undefined
        : (request, asking) =>
            mcpReq.send({ method: request.method, params: request.params }, Anything, {
              signal: AbortSignal.any([signal, asking]),
              timeout: ANSWER_TIMEOUT_MS,
            }),
  };
}

const toCapabilities = (told: unknown): ClientCapabilities | undefined =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just checked; the guard's type is that of the input
  isSpecType.ClientCapabilities(told) ? (told as ClientCapabilities) : undefined;
const toLogLevel = (told: unknown) => (typeof told === 'string' ? told : undefined);

function notifierOf({ mcpReq }: ServerContext, wantsLog: boolean): Caller['notify'] {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined && !wantsLog) return undefined;
  return ({ method, params }: McpNotification) => {
    const isProgress = method === 'notifications/progress';
    if (isProgress && progressToken === undefined) return;
    // A caller that is gone cannot be told; its call ends through the signal.
    mcpReq.notify({ method, params: { ...params, ...(isProgress && { progressToken }) } }).catch(() => {});
  };
}
