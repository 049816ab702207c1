/** Who wants to hear of changes of which resources. */
export interface Watchers {
  /** Asks for news of `uris` until the returned function is called. */
  watch(uris: ReadonlySet<string>): () => void;
  onUpdated(listener: (uri: string) => void): () => void;
  /** Tells of a change, which an upstream has told of. */
  updated(uri: string): void;
  /** All that somebody wants to hear of. */
  readonly watched: ReadonlySet<string>;
}

/** `onChange` is called when the set of watched resources has changed. */
export function createWatchers(onChange: (watched: ReadonlySet<string>) => void): Watchers {
  const counts = new Map<string, number>();
  const listeners = new Set<(uri: string) => void>();
  const add = (uri: string, by: 1 | -1): void => {
    const count = (counts.get(uri) ?? 0) + by;
    if (count > 0) counts.set(uri, count);
    else counts.delete(uri);
  };
  return {
    watch(uris) {
      for (const uri of uris) add(uri, 1);
      onChange(new Set(counts.keys()));
      let stopped = false;
      return () => {
        if (stopped) return;
        stopped = true;
        for (const uri of uris) add(uri, -1);
        onChange(new Set(counts.keys()));
      };
    },
    onUpdated(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    updated: (uri) => listeners.forEach((listener) => listener(uri)),
    get watched() {
      return new Set(counts.keys());
    },
  };
}
