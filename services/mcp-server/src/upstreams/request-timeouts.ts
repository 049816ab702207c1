import type { RequestTimeouts } from '@toolmesh/shared/mcp/protocol';
import type { UrlConfig } from '../mesh-config/url-entry.ts';

const DEFAULT_TOTAL_MS = 3_600_000;

/** Returns the time limits of a request: the tool's own, then the upstream's, then the defaults. */
export function timeoutsFor(
  tool: string | undefined,
  config: Pick<UrlConfig, 'tools' | 'timeout_ms' | 'total_timeout_ms'>,
  defaultTimeoutMs: number,
): RequestTimeouts {
  const own = tool === undefined ? undefined : config.tools[tool];
  const idleMs = own?.timeout_ms ?? config.timeout_ms ?? defaultTimeoutMs;
  const totalMs = own?.total_timeout_ms ?? config.total_timeout_ms ?? DEFAULT_TOTAL_MS;
  return { idleMs: Math.min(idleMs, totalMs), totalMs };
}
