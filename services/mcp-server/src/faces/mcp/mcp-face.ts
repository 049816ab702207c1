import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { leaveOpen } from '@toolmesh/shared/kit/http/app';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { checkParamHeaders } from '@toolmesh/shared/mcp/check-param-headers';
import { neverStore } from '@toolmesh/shared/mcp/no-store';
import { readMcpBody } from '@toolmesh/shared/mcp/read-body';
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { createFastCall } from './fast-call.ts';
import { createHubServer, type HubServerOptions } from './hub-server.ts';
import { createMcpSessions, type McpSessions } from './sessions.ts';

export interface McpFaceOptions extends HubServerOptions {
  readonly logger: Logger;
  readonly maxBodyBytes: number;
}

export interface McpFace {
  readonly handler: RequestHandler;
  close(): Promise<void>;
}

const LISTEN = 'subscriptions/listen';
const CALL = 'tools/call';

/**
 * Serves the hub's MCP endpoint: 2026-07-28 without any state, and the 2025 and 2024 eras on the same URL. Clients of
 * those get a session, over which list changes, log messages and questions reach them; calls work without one as well.
 */
export function mcpFace(options: McpFaceOptions): McpFace {
  const { catalogue, subscriptions, logger, maxBodyBytes } = options;
  const modern = createMcpHandler(() => createHubServer(options), {
    maxRequestBodySize: maxBodyBytes,
    onerror: (error) => logger.debug({ err: error }, 'MCP request refused'),
  });
  const sessions = createMcpSessions((session) => createHubServer(options, session));
  const stopNotifying = notifyOfChanges(options, modern, sessions);
  const onerror = (error: Error) => logger.error({ err: error }, 'MCP request failed');
  const serveModern = toNodeHandler(modern, { maxRequestBodySize: maxBodyBytes, onerror });
  const fastCall = createFastCall(catalogue, logger);
  const checkHeaders = checkParamHeaders((name) => catalogue.tool(name)?.inputSchema);
  const readBody = readMcpBody(maxBodyBytes);

  const serveListen = (req: Request, res: Response): void => {
    leaveOpen(res);
    neverStore(res);
    const uris = listenedUris(req);
    if (uris.length > 0) res.once('close', subscriptions.subscribe(new Set(uris)));
    void serveModern(req, res, req.body);
  };
  const serveModernPost = (method: string, req: Request, res: Response): void => {
    if (method === CALL && fastCall(req, res)) return;
    neverStore(res);
    void serveModern(req, res, req.body);
  };
  const serveUnknown = (req: Request, res: Response): void => {
    neverStore(res);
    if (!sessions.serve(req, res)) void serveModern(req, res, req.body);
  };

  const servePost: RequestHandler = (req, res, next) => {
    const method = modernMethod(req);
    if (method === undefined) return serveUnknown(req, res);
    if (method === LISTEN) return serveListen(req, res);
    return checkHeaders(req, res, (error?: unknown) => {
      if (error === undefined) serveModernPost(method, req, res);
      else next(error);
    });
  };
  const handler: RequestHandler = (req, res, next) => {
    if (req.method === 'POST') {
      return readBody(req, res, (error?: unknown) => (error === undefined ? servePost(req, res, next) : next(error)));
    }
    neverStore(res);
    if (!sessions.serve(req, res)) void serveModern(req, res);
    return undefined;
  };
  return {
    handler,
    async close() {
      stopNotifying();
      await Promise.all([modern.close(), sessions.close()]);
    },
  };
}

/** Notifies clients of both kinds of changes, until the returned function is called. */
function notifyOfChanges(
  { catalogue, subscriptions }: HubServerOptions,
  { notify }: ReturnType<typeof createMcpHandler>,
  sessions: McpSessions,
): () => void {
  const stopLists = catalogue.onChange(() => {
    notify.toolsChanged();
    notify.promptsChanged();
    notify.resourcesChanged();
    sessions.notifyListsChanged();
  });
  const stopUpdates = subscriptions.onUpdated((uri) => notify.resourceUpdated(uri));
  return () => {
    stopLists();
    stopUpdates();
  };
}

/** Returns the method of a request of 2026-07-28, which alone needs the header; a client before may send it as well. */
function modernMethod(req: Request): string | undefined {
  const method = req.get('mcp-method');
  return req.get('mcp-session-id') !== undefined || method === 'initialize' ? undefined : method;
}

/** As for the subscriptions of clients before 2026-07-28. */
const MAX_URI_LENGTH = 2_048;
const Listen = z.object({
  params: z.object({
    notifications: z.object({ resourceSubscriptions: z.array(z.string()).max(1_000).default([]) }),
  }),
});

function listenedUris(req: Request): readonly string[] {
  const parsed = Listen.safeParse(req.body);
  const uris = parsed.success ? parsed.data.params.notifications.resourceSubscriptions : [];
  // No upstream lists a longer one.
  return uris.filter((uri) => uri.length <= MAX_URI_LENGTH);
}
