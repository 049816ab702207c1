import { isRecord } from '../../kit/json/is-record.ts';
import type { ClientCapabilities } from '../protocol.ts';

/**
 * Reads the capabilities that a client declares. Null stands for absent, as some clients write it. Undefined for
 * anything that is no object of objects.
 */
export function readCapabilities(value: unknown): ClientCapabilities | undefined {
  if (!isRecord(value)) return undefined;
  let hasNull = false;
  for (const declared of Object.values(value)) {
    if (declared === null) hasNull = true;
    else if (!isRecord(declared)) return undefined;
  }
  return hasNull ? Object.fromEntries(Object.entries(value).filter(([, declared]) => declared !== null)) : value;
}
