import { VERSION } from '@toolmesh/shared/kit/service/version';
import type { ClientSession, McpService, ServiceChanges } from '@toolmesh/shared/mcp/server/mcp-service';
import type { Catalogue } from '../../catalogue.ts';
import type { ResourceSubscriptions } from '../../resource-subscriptions.ts';

export interface HubServiceOptions {
  readonly catalogue: Pick<Catalogue, 'offer' | 'tool' | 'request' | 'onChange'>;
  readonly subscriptions: ResourceSubscriptions;
}

/** A service whose lists and resources change. */
export type ChangingService = McpService & { readonly changes: ServiceChanges };

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
export function hubService({ catalogue, subscriptions }: HubServiceOptions): ChangingService {
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

interface Watcher {
  readonly listener: (uri: string) => void;
  readonly session: ClientSession | undefined;
}

/** Returns the way to watch resources, however many watch one. */
function createWatch(subscriptions: ResourceSubscriptions): ServiceChanges['watch'] {
  const watchers = new Map<string, Set<Watcher>>();
  subscriptions.onUpdated((uri, changedFor) => {
    for (const { listener, session } of watchers.get(uri) ?? []) {
      if (changedFor === undefined || changedFor.ended === session?.ended) listener(uri);
    }
  });
  return (uris, listener, session) => {
    const unsubscribe = subscriptions.subscribe(uris);
    const watcher = { listener, session };
    for (const uri of uris) watchers.set(uri, (watchers.get(uri) ?? new Set()).add(watcher));
    return () => {
      unsubscribe();
      for (const uri of uris) {
        const others = watchers.get(uri);
        others?.delete(watcher);
        if (others?.size === 0) watchers.delete(uri);
      }
    };
  };
}
