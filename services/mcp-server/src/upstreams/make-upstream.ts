import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { ConnectLimits } from '@toolmesh/shared/mcp/client/http-connection';
import type { MakeUpstream } from '../mesh.ts';
import type { CommandConfig } from '../mesh-config/command-entry.ts';
import type { UrlConfig } from '../mesh-config/url-entry.ts';
import { createHttpConnections } from './mcp/http-connections.ts';
import type { ConnectionSource, OnNotification } from './mcp/connections.ts';
import { createMcpUpstream } from './mcp/mcp-upstream.ts';
import { createOpenApiUpstream } from './openapi/openapi-upstream.ts';
import { downloads } from './stdio/downloads.ts';
import type { MakeJail } from './stdio/jail/stdio-jail.ts';
import { createStdioConnections, type WorkerLimits } from './stdio/stdio-connections.ts';
import type { WrapCommand } from './stdio/stdio-process.ts';
import { createUnusableUpstream } from './unusable-upstream.ts';

export interface MakeUpstreamOptions {
  readonly defaultTimeoutMs: number;
  /** Processes of a command whose entry sets no number. */
  readonly workers: WorkerDefaults;
  /** The hub's own environment; a command gets the basics of it. */
  readonly hostEnv: NodeJS.ProcessEnv;
  readonly makeJail: MakeJail;
  readonly logger: Logger;
  readonly onChange: () => void;
  readonly onResourceUpdated: (uri: string, upstream: string) => void;
}

/** The settings of the hub for the processes of commands. */
export interface WorkerDefaults {
  readonly min: number;
  readonly max: number;
  /** Most processes that serve one session each, of one command. */
  readonly sessions: number;
  readonly sessionIdleMs: number;
}

/** Of the network alone. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Some servers look up a lot before they answer the first request. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
const START_TIMEOUT_MS = 75_000;
/** Of a command that may have to download packages before it answers, as long as it does something. */
const DOWNLOAD_TIMEOUT_MS = 900_000;

/** Returns the factory of upstreams of every kind. */
export function makeUpstream({ workers, hostEnv, makeJail, ...common }: MakeUpstreamOptions): MakeUpstream {
  const { logger, defaultTimeoutMs } = common;
  const limitsOf = (config: UrlConfig | CommandConfig): ConnectLimits => ({
    handshakeMs: config.connect_timeout_ms ?? handshakeTimeoutOf(config),
    listMs: config.timeout_ms ?? defaultTimeoutMs,
  });
  const httpConnections =
    (name: string, config: UrlConfig) =>
    (onNotification: OnNotification): ConnectionSource => {
      const { url, headers, transport, connect_timeout_ms: connectTimeoutMs = CONNECT_TIMEOUT_MS } = config;
      const limits = limitsOf(config);
      const times = { connectTimeoutMs, limits, waitMs: limits.listMs };
      return createHttpConnections({ name, url, headers, transport, ...times, onNotification });
    };

  const stdioConnections =
    (name: string, config: CommandConfig, wrap: WrapCommand) =>
    (onNotification: OnNotification): ConnectionSource => {
      const { command, args, env, cwd } = config;
      const { handshakeMs: startTimeoutMs, listMs: listTimeoutMs } = limitsOf(config);
      const processes = processesOf(config, workers);
      // A limit of the entry's own holds whatever happens until then.
      const startIdleMs = config.connect_timeout_ms ?? START_TIMEOUT_MS;
      const times = { startTimeoutMs, startIdleMs, listTimeoutMs };
      const started = { command, args, env, cwd, workers: processes, ...times };
      return createStdioConnections({ name, ...started, hostEnv, wrap, logger, onNotification });
    };

  return (name, config) => {
    if (config.kind === 'unusable') return createUnusableUpstream({ name, config, logger });
    if (config.kind === 'openapi') return createOpenApiUpstream({ ...common, name, config });
    if (config.kind === 'url') {
      return createMcpUpstream({
        ...common,
        name,
        config,
        limits: limitsOf(config),
        connections: httpConnections(name, config),
      });
    }
    const jail = makeJail({ name, command: config.command, sandbox: config.sandbox });
    const connections = stdioConnections(name, config, jail.wrap);
    return createMcpUpstream({
      ...common,
      name,
      config,
      limits: limitsOf(config),
      connections,
      isolation: () => jail.isolation,
    });
  };
}

function handshakeTimeoutOf(config: UrlConfig | CommandConfig): number {
  if (config.kind === 'url') return HANDSHAKE_TIMEOUT_MS;
  return downloads(config.command, config.args) ? DOWNLOAD_TIMEOUT_MS : START_TIMEOUT_MS;
}

/**
 * Returns the bounds on the processes of a command. A minimum of its entry is kept from the start; the hub's own from the
 * first call without a session on, since most commands are never called without one: the lists need one process.
 */
function processesOf({ workers, stateless }: CommandConfig, defaults: WorkerDefaults): WorkerLimits {
  const max = workers.max ?? Math.max(defaults.max, workers.min ?? 0);
  const min = Math.min(workers.min ?? defaults.min, max);
  // With one process its state is everybody's, as its entry has it.
  const isShared = stateless || workers.max === 1;
  return {
    min,
    restMin: workers.min ?? Math.min(min, 1),
    max,
    maxOwn: isShared ? 0 : (workers.sessions ?? defaults.sessions),
    ownIdleMs: workers.session_idle_ms ?? defaults.sessionIdleMs,
  };
}
