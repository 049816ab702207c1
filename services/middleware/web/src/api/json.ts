import { isRecord } from '@toolmesh/shared/kit/json/is-record';

/** A JSON object whose fields are yet to be looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Returns `value` as an object. What is not an object has no fields. */
export const objectOf = (value: unknown): JsonObject => (isRecord(value) ? value : {});

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Formats JSON for a reader. A string stays as it is. */
export const prettyJson = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
