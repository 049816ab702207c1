import { VERSION } from '@toolmesh/shared/kit/service/version';
import type { McpService, ServiceChanges } from '@toolmesh/shared/mcp/server/mcp-service';
import type { Catalogue } from '../../catalogue.ts';
import type { ResourceSubscriptions } from '../../resource-subscriptions.ts';

export interface HubServiceOptions {
  readonly catalogue: Pick<Catalogue, 'offer' | 'tool' | 'request' | 'onChange'>;
  readonly subscriptions: ResourceSubscriptions;
}

/** Time that a client may cache a list: upstreams come and go. */
const LIST_TTL_MS = 2_000;

const CAPABILITIES = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
};

/** Returns what the upstreams offer as MCP serves it. */
export function hubService({ catalogue, subscriptions }: HubServiceOptions): McpService {
  return {
    info: { name: 'toolmesh', version: VERSION },
    capabilities: CAPABILITIES,
    listTtlMs: LIST_TTL_MS,
    offer: catalogue.offer,
    tool: catalogue.tool,
    request: catalogue.request,
    changes: { onListsChanged: catalogue.onChange, watch: createWatch(subscriptions) },
  };
}

/** Returns the way to watch resources, however many watch one. */
function createWatch(subscriptions: ResourceSubscriptions): ServiceChanges['watch'] {
  const listeners = new Map<string, Set<(uri: string) => void>>();
  subscriptions.onUpdated((uri) => listeners.get(uri)?.forEach((listener) => listener(uri)));
  return (uris, listener) => {
    const unsubscribe = subscriptions.subscribe(uris);
    for (const uri of uris) listeners.set(uri, (listeners.get(uri) ?? new Set()).add(listener));
    return () => {
      unsubscribe();
      for (const uri of uris) {
        const others = listeners.get(uri);
        others?.delete(listener);
        if (others?.size === 0) listeners.delete(uri);
      }
    };
  };
}
