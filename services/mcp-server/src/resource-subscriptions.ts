import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientSession, Upstream } from './upstreams/upstream.ts';

/** The resources whose changes clients of the hub have subscribed to. */
export interface ResourceSubscriptions {
  /** Subscribes to changes of `uris` until the returned function is called. */
  subscribe(uris: ReadonlySet<string>): () => void;
  /** Calls `listener` with each resource that changes. Returns the function that ends that. */
  onUpdated(listener: UpdateListener): () => void;
  /** Passes on that a resource has changed, if this upstream is its owner. */
  notifyUpdated(uri: string, upstream: string, session?: ClientSession): void;
  /** Finds the owners of all resources again: the lists of the upstreams have changed. */
  ownersChanged(): void;
}

/** Receives the URI of a resource that has changed; with the session if it has changed for that alone. */
export type UpdateListener = (uri: string, session: ClientSession | undefined) => void;

export interface ResourceSubscriptionsOptions {
  readonly upstreams: () => readonly Upstream[];
  readonly ownerOf: (uri: string) => Upstream | undefined;
}

const NONE: ReadonlySet<string> = new Set();
/** Longest time that looking for owners blocks the event loop. */
const TURN_MS = 10;

/** Subscribes each upstream to those of its resources that clients want to hear of. */
export function createResourceSubscriptions(options: ResourceSubscriptionsOptions): ResourceSubscriptions {
  const counts = new Map<string, number>();
  const listeners = new Set<UpdateListener>();
  const distributor = createDistributor(counts, options);
  const add = (uris: ReadonlySet<string>, by: 1 | -1): void => {
    for (const uri of uris) {
      const count = (counts.get(uri) ?? 0) + by;
      if (count > 0) counts.set(uri, count);
      else counts.delete(uri);
    }
    distributor.changed();
  };
  return {
    subscribe(uris) {
      add(uris, 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        add(uris, -1);
      };
    },
    onUpdated(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    notifyUpdated(uri, upstream, session) {
      if (distributor.ownerOf(uri)?.name === upstream) listeners.forEach((listener) => listener(uri, session));
    },
    ownersChanged() {
      if (counts.size > 0) distributor.changed('owners');
    },
  };
}

/** Returns what brings the upstreams in line with the subscribed resources, whose owners are looked up once. */
function createDistributor(
  subscribed: ReadonlyMap<string, unknown>,
  { upstreams, ownerOf }: ResourceSubscriptionsOptions,
) {
  let owners = new Map<string, Upstream | undefined>();
  const given = new WeakMap<Upstream, ReadonlySet<string>>();
  let subscribedTo: ReadonlyMap<string, Upstream | undefined> = owners;
  let isRunning = false;
  /** Counts the changes: one that came while owners were looked up makes another round. */
  let version = 0;

  const round = async (): Promise<void> => {
    const known = owners;
    const next = new Map<string, Upstream | undefined>();
    let pausedAt = performance.now();
    for (const uri of subscribed.keys()) {
      if (performance.now() - pausedAt > TURN_MS) {
        await nextTurn();
        pausedAt = performance.now();
      }
      next.set(uri, known.has(uri) ? known.get(uri) : ownerOf(uri));
    }
    if (owners === known) owners = next;
    subscribedTo = next;
    for (const upstream of upstreams()) {
      const own = new Set([...next].flatMap(([uri, owner]) => (owner === upstream ? [uri] : [])));
      // Some upstreams open a new stream for each set.
      if (own.symmetricDifference(given.get(upstream) ?? NONE).size === 0) continue;
      given.set(upstream, own);
      upstream.subscribe(own);
    }
  };
  const run = async (): Promise<void> => {
    for (let done = -1; done !== version;) {
      done = version;
      await round();
    }
    isRunning = false;
  };
  return {
    /** Returns the upstream that was subscribed to changes of a resource. */
    ownerOf: (uri: string) => subscribedTo.get(uri),
    changed(what?: 'owners'): void {
      version += 1;
      if (what === 'owners') owners = new Map();
      if (isRunning) return;
      isRunning = true;
      void run();
    },
  };
}
