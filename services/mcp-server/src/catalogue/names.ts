import { createHash } from 'node:crypto';

/** Tool names that every model provider accepts. */
const VALID = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_LENGTH = 64;
const HASH_LENGTH = 8;

/**
 * Returns the hub's name for an upstream's `name`: the same if it is valid. Otherwise other characters become `_`, a
 * long name is cut, and a hash of the whole keeps it unique. The same upstream and name always give the same result.
 */
export function offeredName(prefix: string, name: string): string {
  const whole = `${prefix}${name}`;
  if (VALID.test(whole)) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_LENGTH);
  return `${whole.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash}`;
}
