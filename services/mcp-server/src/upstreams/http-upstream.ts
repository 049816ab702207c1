import { setTimeout as sleep } from 'node:timers/promises';
import { MeshError } from '@toolmesh/shared/errors';
import type { Logger } from '@toolmesh/shared/logger';
import { createMcpClient } from '@toolmesh/shared/mcp-client';
import { createBreaker, isUpstreamFault } from '@toolmesh/shared/resilience';
import type { Tool, UpstreamStatus } from '@toolmesh/shared/tool';
import type { UpstreamConfig } from '../mesh-config.ts';
import type { Upstream } from './upstream.ts';

export interface HttpUpstreamOptions {
  readonly name: string;
  readonly config: UpstreamConfig;
  readonly defaultTimeoutMs: number;
  readonly logger: Logger;
  /** Called when its tools or its status may have changed. */
  readonly onChange: () => void;
}

/** How often a healthy upstream is asked for its tools. */
const REFRESH_MS = 5_000;
/** How often one that is away is tried. A refused connection costs next to nothing. */
const RECONNECT_MS = 500;
/** Looks that may fail before what was `stale` counts as `down`. */
const STALE_LOOKS = 2;

/** An MCP server over HTTP: its tools looked up again and again, so that it may go and come back as it likes. */
export function createHttpUpstream(options: HttpUpstreamOptions): Upstream {
  const { name, config, defaultTimeoutMs, logger, onChange } = options;
  const client = createMcpClient({
    name: `The upstream ${name}`,
    url: config.url,
    headers: Object.fromEntries(Object.entries(config.headers).filter(([, value]) => value !== '')),
    idleTimeoutMs: config.timeout_ms ?? defaultTimeoutMs,
  });
  const breaker = createBreaker({ name: `The upstream ${name}` });
  const closing = new AbortController();
  const originalNames = new Map<string, string>();
  let tools: readonly Tool[] = [];
  let status: UpstreamStatus = 'down';
  let lastError: string | undefined;
  let failures = 0;

  const setStatus = (next: UpstreamStatus, error?: MeshError): void => {
    lastError = error?.message;
    if (next === status) return;
    if (next === 'up') logger.info({ upstream: name, tools: tools.length }, 'upstream is up');
    else logger.warn({ upstream: name, status: next, reason: lastError, err: error?.cause }, 'upstream is not up');
    status = next;
    onChange();
  };

  let looking: Promise<void> | undefined;
  /** One look at a time, however many ask for it. */
  const refresh = (): Promise<void> => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  const look = async (): Promise<void> => {
    try {
      const listed = (await client.listTools(closing.signal)).filter(({ name: tool }) => isOffered(tool, config));
      const before = JSON.stringify(tools);
      originalNames.clear();
      tools = listed.map((tool) => {
        const offered = `${config.prefix ?? ''}${tool.name}`;
        originalNames.set(offered, tool.name);
        return { ...tool, name: offered };
      });
      failures = 0;
      setStatus('up');
      if (JSON.stringify(tools) !== before) onChange();
    } catch (error) {
      if (closing.signal.aborted) return;
      failures += 1;
      setStatus(failures > STALE_LOOKS || tools.length === 0 ? 'down' : 'stale', MeshError.from(error));
    }
  };

  const watch = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await refresh();
      await sleep(status === 'up' ? REFRESH_MS : RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
  };
  void watch();

  return {
    name,
    get status() {
      return status;
    },
    get breaker() {
      return breaker.state;
    },
    get lastError() {
      return lastError;
    },
    get tools() {
      return tools;
    },
    async call(tool, args, context) {
      try {
        const result = await breaker.run(() => client.callTool(originalNames.get(tool) ?? tool, args, context));
        if (status !== 'up') void refresh();
        return { ...result, tool };
      } catch (error) {
        // Real calls tell sooner than the next look that something is wrong.
        if (isUpstreamFault(error) && status === 'up') void refresh();
        throw error;
      }
    },
    async close() {
      closing.abort();
      await client.close();
    },
  };
}

function isOffered(tool: string, { include, exclude = [] }: UpstreamConfig): boolean {
  return (include === undefined || include.includes(tool)) && !exclude.includes(tool);
}
