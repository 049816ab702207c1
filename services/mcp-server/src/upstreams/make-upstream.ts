import type { Logger } from '@toolmesh/shared/logger';
import type { MakeUpstream } from '../mesh.ts';
import { createHttpLinks } from './http-links.ts';
import { createMcpUpstream } from './mcp-upstream.ts';

export interface MakeUpstreamOptions {
  readonly defaultTimeoutMs: number;
  readonly workers: { readonly min: number; readonly max: number };
  readonly logger: Logger;
  readonly onChange: () => void;
  readonly onResourceUpdated: (uri: string) => void;
}

const CONNECT_TIMEOUT_MS = 2_000;

/** Makes upstreams of every kind. */
export function makeUpstream({ workers: _workers, ...common }: MakeUpstreamOptions): MakeUpstream {
  return (name, config) => {
    if (config.kind !== 'url') throw new Error(config.kind);
    const { url, headers, connect_timeout_ms: connectTimeoutMs = CONNECT_TIMEOUT_MS } = config;
    return createMcpUpstream({
      ...common,
      name,
      config,
      links: (onNotification) => createHttpLinks({ url, headers, connectTimeoutMs, onNotification }),
    });
  };
}
