import { type BoundedCache, createBoundedCache } from './bounded-cache.ts';

/** Long enough not to ask all the time, short enough to see that a server was updated or a model pulled anew. */
const LEARNT_MS = 10 * 60_000;
/** Callers may name any model: what is remembered of names must not grow without bound. */
const MAX_MODELS = 256;

/** Makes a cache for what is learnt of a provider's models, by their names. */
export const createLearnt = <T>(): BoundedCache<T> =>
  createBoundedCache<T>({ maxEntries: MAX_MODELS, ttlMs: LEARNT_MS });

/** Makes what is kept for each of a provider's models while it is in use: the same object for the same name. */
export function createPerModel<T>(create: (model: string) => T): (model: string) => T {
  const kept = createLearnt<{ readonly value: T }>();
  return (model) => {
    const entry = kept.get(model) ?? { value: create(model) };
    // Written again with each use: the least recently used one is forgotten first.
    kept.set(model, entry);
    return entry.value;
  };
}
