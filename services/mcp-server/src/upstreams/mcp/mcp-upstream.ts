import { ProtocolError, type Tool as McpTool } from '@modelcontextprotocol/client';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import { meshErrorOf } from '@toolmesh/shared/mcp/errors';
import { paramHeaders } from '@toolmesh/shared/mcp/param-headers';
import { type McpSpanOptions, withMcpSpan } from '@toolmesh/shared/mcp/span';
import type { CommandConfig, UrlConfig } from '../../mesh-config.ts';
import { createCallGuard, isHarmless } from '../guard/call-guard.ts';
import type { LinkSource } from './connections.ts';
import type { Clocks, McpLink } from './connection.ts';
import { createParkedCalls } from './pending-calls.ts';
import { createPresence } from '../guard/health-poller.ts';
import { withAnswers } from './answer-rounds.ts';
import type { Caller, McpNotification, McpRequest, McpResult, Offer, Upstream } from '../upstream.ts';

export interface McpUpstreamOptions {
  readonly name: string;
  readonly config: UrlConfig | CommandConfig;
  readonly defaultTimeoutMs: number;
  readonly logger: Logger;
  /** Makes the way to reach it, given what hears its notifications. */
  readonly links: (onNotification: (notification: McpNotification) => void) => LinkSource;
  /** Called when what it offers or its status may have changed. */
  readonly onChange: () => void;
  readonly onResourceUpdated: (uri: string) => void;
}

/** How often a healthy upstream is asked for its lists. */
const REFRESH_MS = 5_000;
/** How often one that is away is tried. A refused connection costs next to nothing. */
const RETRY_MS = 500;
const LOOK_TIMEOUT_MS = 10_000;
const DEFAULT_TOTAL_MS = 3_600_000;

/** An MCP server, however it is reached: its lists looked up again and again, so that it may go and come back. */
export function createMcpUpstream(options: McpUpstreamOptions): Upstream {
  const { name, config, logger, onChange, onResourceUpdated } = options;
  const called = `The upstream ${name}`;
  const links = options.links(({ method, params }) => {
    if (method === 'notifications/resources/updated') onResourceUpdated(String(params?.['uri']));
    else if (method.endsWith('/list_changed')) presence.refreshSoon();
  });
  const parked = createParkedCalls();

  const look = async (signal: AbortSignal): Promise<Offer | undefined> => {
    try {
      return offeredBy(await links.withLink((link) => link.list(signal), signal), config);
    } catch (thrown) {
      const error = meshErrorOf(called, thrown);
      // A pool with all of its processes at work is well.
      if (error.code === 'unavailable' && (links.workers?.().busy ?? 0) > 0) return undefined;
      throw error;
    }
  };
  const times = { refreshMs: REFRESH_MS, retryMs: RETRY_MS, lookTimeoutMs: LOOK_TIMEOUT_MS };
  const presence = createPresence({ name, logger, look, onChange, ...times });
  const guard = createCallGuard({ name: called, maxConcurrency: config.max_concurrency, presence });

  const toolOf = ({ method, params }: McpRequest): McpTool | undefined =>
    method === 'tools/call' ? presence.tool(String(params['name'])) : undefined;

  const clocksOf = (tool: McpTool | undefined): Clocks => {
    const own = tool === undefined ? undefined : config.tools[tool.name];
    const idleMs = own?.timeout_ms ?? config.timeout_ms ?? options.defaultTimeoutMs;
    const totalMs = own?.total_timeout_ms ?? config.total_timeout_ms ?? DEFAULT_TOTAL_MS;
    return { idleMs: Math.min(idleMs, totalMs), totalMs };
  };

  /** One try. What the upstream itself refuses is thrown as it came; what kept it from answering, as a MeshError. */
  const attempt = async (request: McpRequest, caller: Caller): Promise<McpResult> => {
    const tool = toolOf(request);
    const clocks = clocksOf(tool);
    const headers = paramHeaders(tool?.inputSchema, request.params['arguments']);
    const over = (from: Caller) => (link: McpLink) => link.request(request, from, clocks, headers);
    const onOwnLink = async (from: Caller): Promise<McpResult> => {
      try {
        return await links.withOwnLink(from, over(from), from.signal);
      } catch (error) {
        from.signal.throwIfAborted();
        throw toFailure(error);
      }
    };
    try {
      const done = await links.withLink(async (link) => {
        if (needsOwnLink(link, request, caller)) return undefined;
        return over(caller)(link);
      }, caller.signal);
      if (done !== undefined) return done;
      return await (parks(request, caller) ? parked.begin(caller, onOwnLink) : onOwnLink(caller));
    } catch (error) {
      caller.signal.throwIfAborted();
      throw toFailure(error);
    }
  };
  const toFailure = (error: unknown) => (error instanceof ProtocolError ? error : meshErrorOf(called, error));

  const close = async (): Promise<void> => {
    presence.stop();
    parked.close();
    await links.close();
  };

  return {
    name,
    kind: config.kind,
    get status() {
      return presence.status;
    },
    get lastError() {
      return presence.lastError;
    },
    get offer() {
      return presence.offer;
    },
    get breaker() {
      return guard.breaker;
    },
    ...(links.workers === undefined ? {} : { workers: links.workers }),
    request(request, caller) {
      const harmless = isHarmless(request, toolOf(request));
      const spanned = (sent: McpRequest) => withMcpSpan(spanOf(sent), () => attempt(sent, caller));
      const send = (sent: McpRequest) => guard.exchange(() => spanned(sent), harmless, caller.signal);
      const begin = async () => parked.resume(request, caller) ?? send(request);
      return guard.run(() => withAnswers(request, caller, begin(), send), harmless, caller.signal);
    },
    watch: links.watch,
    async drain(graceMs) {
      presence.stop();
      await guard.drained(graceMs);
      await close();
    },
    close,
  };
}

const spanOf = ({ method, params }: McpRequest): McpSpanOptions => ({ kind: 'client', method, target: params['name'] });

/** Whether a question of a 2025 server has to wait for a 2026-07-28 caller, which answers by calling again. */
const parks = ({ method }: McpRequest, { takesInputRequired, capabilities }: Caller): boolean =>
  takesInputRequired &&
  (capabilities.elicitation ?? capabilities.sampling ?? capabilities.roots) !== undefined &&
  (method === 'tools/call' || method === 'prompts/get' || method === 'resources/read');

/** Whether messages or questions may come that have to find their way to this caller and to nobody else. */
const needsOwnLink = ({ era }: McpLink, request: McpRequest, caller: Caller): boolean =>
  era === 'legacy' && (caller.logLevel !== undefined || caller.ask !== undefined || parks(request, caller));

function offeredBy(listed: Offer, { include, exclude = [] }: UrlConfig | CommandConfig): Offer {
  const isOffered = ({ name }: { name: string }) =>
    (include === undefined || include.includes(name)) && !exclude.includes(name);
  return { ...listed, tools: listed.tools.filter(isOffered) };
}
