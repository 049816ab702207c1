/** A set of packages as far as its removal is concerned. */
export interface EvictableSet {
  readonly directory: string;
  /** Its packages, which it may share with other sets. */
  readonly packages: readonly { readonly digest: string; readonly bytes: number }[];
  readonly lastUsedMs: number;
  /** False while a program has it. */
  readonly isFree: boolean;
}

export interface EvictionLimits {
  /** Of all packages together. */
  readonly maxBytes: number;
  /** A set that was not used for longer is removed. */
  readonly maxIdleMs: number;
}

export interface Eviction {
  readonly directory: string;
  readonly reason: 'age' | 'size';
}

/**
 * Chooses the sets to remove: those that were not used for too long, then those that were not used the longest, until the
 * packages of the others are within the bound. None that a program has. A package counts once, however many sets have it.
 */
export function chooseEvictions(
  sets: readonly EvictableSet[],
  { maxBytes, maxIdleMs }: EvictionLimits,
  nowMs: number,
): readonly Eviction[] {
  const isOld = (set: EvictableSet): boolean => set.isFree && nowMs - set.lastUsedMs > maxIdleMs;
  const evictions: Eviction[] = sets.filter(isOld).map(({ directory }) => ({ directory, reason: 'age' }));
  const kept = sets.filter((set) => !isOld(set));
  const users = new Map<string, number>();
  let bytes = 0;
  for (const { digest, bytes: size } of kept.flatMap(({ packages }) => packages)) {
    if (!users.has(digest)) bytes += size;
    users.set(digest, (users.get(digest) ?? 0) + 1);
  }
  for (const set of kept.toSorted((a, b) => a.lastUsedMs - b.lastUsedMs)) {
    if (bytes <= maxBytes) break;
    if (!set.isFree) continue;
    evictions.push({ directory: set.directory, reason: 'size' });
    for (const { digest, bytes: size } of set.packages) {
      const left = (users.get(digest) ?? 1) - 1;
      users.set(digest, left);
      if (left === 0) bytes -= size;
    }
  }
  return evictions;
}
