import { isRecord } from '@toolmesh/shared/kit/json/is-record';

/**
 * One text for one value, whatever the order of its keys: what calls are compared and approvals bound by. `undefined`
 * counts as absent.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sorted(inner) : inner)) ?? 'null';
}

const sorted = (record: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
