import { isRawNumber, type RawNumber } from '../kit/json/raw-number.ts';

/** An id as it came: a number beyond 2^53 keeps its digits. */
export type RequestId = string | number | RawNumber;

/** Returns whether a value can identify a request, or its progress. */
export const isId = (value: unknown): value is RequestId =>
  typeof value === 'string' || typeof value === 'number' || isRawNumber(value);

/** Returns an id as a key of maps. */
export const keyOf = (id: RequestId): string => JSON.stringify(id);
