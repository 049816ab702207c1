import { isRecord } from '@toolmesh/shared/kit/json/is-record';

/**
 * Returns the same text for equal values, whatever the order of their keys: approvals are bound by it. `undefined` counts as absent.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sorted(inner) : inner)) ?? 'null';
}

const sorted = (record: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
