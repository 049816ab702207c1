/** What has been learnt and may be forgotten: by its age, or as the least recently written when there is too much. */
export interface BoundedCache<T> {
  get(key: string): T | undefined;
  /** `ttlMs` is for what is to be forgotten sooner than the rest. */
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
