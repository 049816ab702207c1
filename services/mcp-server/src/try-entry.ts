import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@toolmesh/shared/kit/service/config';
import { createLogger } from '@toolmesh/shared/kit/telemetry/logger';
import { HubConfig } from './config.ts';
import type { UpstreamConfig } from './mesh-config/entry-config.ts';
import { makeUpstream } from './upstreams/make-upstream.ts';
import type { Upstream } from './upstreams/upstream.ts';
import { createJails } from './upstreams/stdio/jail/stdio-jail.ts';

export interface TryOptions {
  readonly name: string;
  readonly config: UpstreamConfig;
  /** The environment that the hub would have. */
  readonly env: NodeJS.ProcessEnv;
  /** Time for the server to start and to answer. */
  readonly timeoutMs: number;
}

/** The outcome of connecting an entry. */
export interface Trial {
  readonly isUp: boolean;
  readonly tools: readonly string[];
  readonly prompts: number;
  readonly resources: number;
  /** Parts of the server that are left out or were mended, in words. */
  readonly defects: readonly string[];
  /** The reason why it is not up. */
  readonly error: string | undefined;
  /** The isolation of a command, in words. */
  readonly sandbox: string | undefined;
}

/** Time that a failure has to stay: a server may refuse its first connection. */
const SETTLE_MS = 3_000;
const POLL_MS = 50;

/** Starts or connects one entry the way the hub does, lists what it offers, and ends it. */
export async function tryEntry({ name, config, env, timeoutMs }: TryOptions): Promise<Trial> {
  const settings = loadConfig(HubConfig, env);
  const logger = createLogger({ service: 'mcp-server', level: 'silent' });
  const make = makeUpstream({
    defaultTimeoutMs: settings.MCP_REQUEST_TIMEOUT * 1_000,
    workers: { min: 1, max: 1, sessions: 0, sessionIdleMs: 60_000 },
    hostEnv: env,
    makeJail: createJails({ config: settings, hostEnv: env, logger }),
    logger,
    onChange: () => {},
    onResourceUpdated: () => {},
  });
  const upstream = make(name, config.kind === 'command' ? { ...config, workers: { min: 1, max: 1 } } : config);
  try {
    await settled(upstream, timeoutMs);
    return outcomeOf(upstream);
  } finally {
    await upstream.close();
  }
}

/** Waits until the upstream is up, or has failed for long enough, or the time is over. */
async function settled(upstream: Upstream, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let failedAt: number | undefined;
  while (upstream.status !== 'up' && performance.now() < deadline) {
    const { lastError } = upstream;
    const hasFailed = lastError !== undefined && !lastError.startsWith('starting');
    failedAt = hasFailed ? (failedAt ?? performance.now()) : undefined;
    if (failedAt !== undefined && performance.now() - failedAt > SETTLE_MS) return;
    await sleep(POLL_MS);
  }
}

function outcomeOf(upstream: Upstream): Trial {
  const { offer, lastError, status } = upstream;
  const isolation = upstream.isolation?.();
  const isUp = status === 'up';
  return {
    isUp,
    tools: offer.tools.map(({ name }) => name),
    prompts: offer.prompts.length,
    resources: offer.resources.length + offer.resourceTemplates.length,
    defects: offer.defects.map(
      ({ kind, name, reason, action }) => `${kind} ${name}: ${reason} (${action.replace('_', ' ')})`,
    ),
    error: isUp ? undefined : (lastError ?? 'it did not answer in time'),
    sandbox: isolation === undefined ? undefined : [isolation.sandbox, isolation.reason].filter(Boolean).join(': '),
  };
}
