import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { MakeUpstream } from '../mesh.ts';
import type { CommandConfig, UrlConfig } from '../mesh-config.ts';
import { createHttpLinks } from './mcp/http-connections.ts';
import type { LinkSource } from './mcp/connections.ts';
import { createMcpUpstream } from './mcp/mcp-upstream.ts';
import { createOpenApiUpstream } from './openapi/openapi-upstream.ts';
import { createStdioLinks } from './stdio/stdio-connections.ts';
import type { McpNotification } from './upstream.ts';

export interface MakeUpstreamOptions {
  readonly defaultTimeoutMs: number;
  /** Processes of a command that does not say how many. */
  readonly workers: { readonly min: number; readonly max: number };
  /** The hub's own environment; a command gets what every program needs of it. */
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly logger: Logger;
  readonly onChange: () => void;
  readonly onResourceUpdated: (uri: string) => void;
}

const CONNECT_TIMEOUT_MS = 2_000;
/** Packages may have to be fetched before a command answers; longer than its two tries of a handshake. */
const START_TIMEOUT_MS = 75_000;

/** Makes upstreams of every kind. */
export function makeUpstream({ workers, hostEnv, ...common }: MakeUpstreamOptions): MakeUpstream {
  const { logger } = common;
  const httpLinks =
    (name: string, { url, headers, connect_timeout_ms: connectTimeoutMs = CONNECT_TIMEOUT_MS }: UrlConfig) =>
    (onNotification: (notification: McpNotification) => void): LinkSource =>
      createHttpLinks({ name, url, headers, connectTimeoutMs, onNotification });

  const stdioLinks =
    (name: string, config: CommandConfig) =>
    (onNotification: (notification: McpNotification) => void): LinkSource => {
      const { command, args, env, cwd, connect_timeout_ms: startTimeoutMs = START_TIMEOUT_MS } = config;
      const max = config.workers.max ?? Math.max(workers.max, config.workers.min ?? 0);
      const range = { min: Math.min(config.workers.min ?? workers.min, max), max };
      const started = { command, args, env, cwd, workers: range, startTimeoutMs };
      return createStdioLinks({ name, ...started, hostEnv, logger, onNotification });
    };

  return (name, config) => {
    if (config.kind === 'openapi') return createOpenApiUpstream({ ...common, name, config });
    const links = config.kind === 'url' ? httpLinks(name, config) : stdioLinks(name, config);
    return createMcpUpstream({ ...common, name, config, links });
  };
}
