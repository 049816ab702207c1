import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { ConnectLimits } from '@toolmesh/shared/mcp/client/http-connection';
import type { McpRequest, McpTool } from '@toolmesh/shared/mcp/protocol';
import { type McpSpanOptions, withMcpSpan } from '@toolmesh/shared/mcp/span';
import type { CommandConfig } from '../../mesh-config/command-entry.ts';
import type { UrlConfig } from '../../mesh-config/url-entry.ts';
import { assembleUpstream } from '../assemble-upstream.ts';
import { createCallGuard, isHarmless } from '../guard/call-guard.ts';
import type { Isolation } from '../stdio/jail/stdio-jail.ts';
import type { ClientSession, Upstream } from '../upstream.ts';
import { withAnswers } from './answer-rounds.ts';
import type { ConnectionSource, OnNotification } from './connections.ts';
import { createMcpPoller } from './mcp-poller.ts';
import { createPendingCalls } from './pending-calls.ts';
import { createRequestSender } from './request-sender.ts';

export interface McpUpstreamOptions {
  readonly name: string;
  readonly config: UrlConfig | CommandConfig;
  readonly defaultTimeoutMs: number;
  readonly logger: Logger;
  readonly limits: ConnectLimits;
  /** Makes the connections, given the handler of their notifications. */
  readonly connections: (onNotification: OnNotification) => ConnectionSource;
  /** Called when its lists or its status may have changed. */
  readonly onChange: () => void;
  readonly onResourceUpdated: (uri: string, upstream: string, session?: ClientSession) => void;
  /** The isolation of the processes of a command. */
  readonly isolation?: () => Isolation | undefined;
}

/** Makes an upstream of an MCP server, however it is reached. Its lists are polled, so that it may go and come back. */
export function createMcpUpstream(options: McpUpstreamOptions): Upstream {
  const { name, config, logger, onChange, onResourceUpdated } = options;
  const displayName = `The upstream ${name}`;
  const connections = options.connections(({ method, params }, session) => {
    if (method === 'notifications/resources/updated') onResourceUpdated(String(params?.['uri']), name, session);
    else if (method.endsWith('/list_changed')) poller.pollSoon();
  });
  const { limits } = options;
  const isBusy = () => guard.isBusy;
  const poller = createMcpPoller({ name, displayName, config, connections, limits, isBusy, logger, onChange });
  const guard = createCallGuard({ name: displayName, maxConcurrency: config.max_concurrency, poller });
  const pending = createPendingCalls();
  const toolOf = ({ method, params }: McpRequest): McpTool | undefined =>
    method === 'tools/call' ? poller.tool(String(params['name'])) : undefined;
  const send = createRequestSender({
    name: displayName,
    config,
    defaultTimeoutMs: options.defaultTimeoutMs,
    connections,
    pending,
    toolOf,
  });

  return assembleUpstream({
    name,
    kind: config.kind,
    poller,
    guard,
    ...(connections.workers === undefined ? {} : { workers: connections.workers }),
    ...(connections.starting === undefined ? {} : { starting: connections.starting }),
    ...(options.isolation === undefined ? {} : { isolation: options.isolation }),
    request(request, caller) {
      const { signal } = caller;
      const harmless = isHarmless(request, toolOf(request));
      const attempt = (sent: McpRequest) => withMcpSpan(spanOf(sent), () => send(sent, caller, harmless));
      const exchange = (sent: McpRequest) => guard.exchange(() => attempt(sent), harmless, signal);
      const run = async () => {
        const isRepeated = request.params['requestState'] !== undefined;
        const resumed = isRepeated ? pending.resume(request, caller) : undefined;
        const result = await (resumed ?? exchange(request));
        return result['resultType'] === 'input_required' ? withAnswers({ request, caller, result }, exchange) : result;
      };
      return guard.run(run, harmless, signal);
    },
    subscribe: connections.subscribe,
    async release() {
      pending.close();
      await connections.close();
    },
  });
}

const spanOf = ({ method, params }: McpRequest): McpSpanOptions => ({ kind: 'client', method, target: params['name'] });
