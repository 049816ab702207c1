import { isRawNumber } from './raw-number.ts';

/** Returns true for what JSON calls an object: neither null nor an array, nor a number that is kept exact. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
