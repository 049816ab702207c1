import { createHash } from 'node:crypto';

/** What every model provider takes as the name of a tool. */
const VALID = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_LENGTH = 64;
const HASH_LENGTH = 8;

/**
 * The name under which the hub offers what an upstream calls `name`: the same, where that is a valid name. Otherwise
 * what is not allowed becomes `_`, what is too long is cut, and a hash of the whole keeps it apart from others. The
 * same upstream and name always give the same result, whatever else is offered.
 */
export function offeredName(prefix: string, name: string): string {
  const whole = `${prefix}${name}`;
  if (VALID.test(whole)) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_LENGTH);
  return `${whole.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_LENGTH - HASH_LENGTH - 1)}_${hash}`;
}
