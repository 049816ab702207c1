/** The resources whose changes clients of the hub have subscribed to. */
export interface ResourceSubscriptions {
  /** Subscribes to changes of `uris` until the returned function is called. */
  subscribe(uris: ReadonlySet<string>): () => void;
  /** Calls `listener` with each resource that changes. Returns the function that ends that. */
  onUpdated(listener: (uri: string) => void): () => void;
  /** Passes on that a resource has changed. */
  notifyUpdated(uri: string): void;
}

/** Calls `onChange` with all subscribed resources when the set of them has changed. */
export function createResourceSubscriptions(
  onChange: (subscribed: ReadonlySet<string>) => void,
): ResourceSubscriptions {
  const counts = new Map<string, number>();
  const listeners = new Set<(uri: string) => void>();
  const add = (uris: ReadonlySet<string>, by: 1 | -1): void => {
    for (const uri of uris) {
      const count = (counts.get(uri) ?? 0) + by;
      if (count > 0) counts.set(uri, count);
      else counts.delete(uri);
    }
    onChange(new Set(counts.keys()));
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
    notifyUpdated: (uri) => listeners.forEach((listener) => listener(uri)),
  };
}
