import { type BoundedCache, createBoundedCache } from './bounded-cache.ts';
import { type Calibration, createCalibration } from './context/calibration.ts';

/** Long enough not to ask all the time, short enough to see that a server was updated or a model pulled anew. */
const LEARNT_MS = 10 * 60_000;
/** Callers may name any model: what is remembered of names must not grow without bound. */
const MAX_MODELS = 256;

/** Makes a cache for what is learnt of a provider's models, by their names. */
export const createLearnt = <T>(): BoundedCache<T> =>
  createBoundedCache<T>({ maxEntries: MAX_MODELS, ttlMs: LEARNT_MS });

/** Makes the calibrations of a provider's models: the same object for the same name. */
export function createCalibrations(): (model: string) => Calibration {
  const calibrations = createLearnt<Calibration>();
  return (model) => {
    const calibration = calibrations.get(model) ?? createCalibration();
    calibrations.set(model, calibration);
    return calibration;
  };
}
