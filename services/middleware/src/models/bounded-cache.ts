/** A cache that forgets entries by their age, or the least recently written one when there are too many. */
export interface BoundedCache<T> {
  get(key: string): T | undefined;
  /** Stores a value; `ttlMs` is for one that has to be forgotten sooner than the rest. */
  set(key: string, value: T, ttlMs?: number): void;
}

export interface BoundedCacheOptions {
  readonly maxEntries: number;
  readonly ttlMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export function createBoundedCache<T>({ maxEntries, ttlMs, now = () => performance.now() }: BoundedCacheOptions) {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  const cache: BoundedCache<T> = {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined || entry.until > now()) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value, ownTtlMs = ttlMs) {
      entries.delete(key);
      entries.set(key, { value, until: now() + ownTtlMs });
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    },
  };
  return cache;
}
