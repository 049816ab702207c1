/** A layer as far as its removal is concerned. */
export interface EvictableLayer {
  readonly directory: string;
  readonly bytes: number;
  readonly lastUsedMs: number;
  /** False while a program has it. */
  readonly isFree: boolean;
}

export interface EvictionLimits {
  /** Of all layers together. */
  readonly maxBytes: number;
  /** A layer that was not used for longer is removed. */
  readonly maxIdleMs: number;
}

export interface Eviction {
  readonly directory: string;
  readonly reason: 'age' | 'size';
}

/**
 * Chooses the layers to remove: those that were not used for too long, then those that were not used the longest, until
 * the others are within the bound. None that a program has.
 */
export function chooseEvictions(
  layers: readonly EvictableLayer[],
  { maxBytes, maxIdleMs }: EvictionLimits,
  nowMs: number,
): readonly Eviction[] {
  const isOld = (layer: EvictableLayer): boolean => layer.isFree && nowMs - layer.lastUsedMs > maxIdleMs;
  const evictions: Eviction[] = layers.filter(isOld).map(({ directory }) => ({ directory, reason: 'age' }));
  const kept = layers.filter((layer) => !isOld(layer));
  let bytes = kept.reduce((sum, layer) => sum + layer.bytes, 0);
  for (const layer of kept.toSorted((a, b) => a.lastUsedMs - b.lastUsedMs)) {
    if (bytes <= maxBytes) break;
    if (!layer.isFree) continue;
    evictions.push({ directory: layer.directory, reason: 'size' });
    bytes -= layer.bytes;
  }
  return evictions;
}
