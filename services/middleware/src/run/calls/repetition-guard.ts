import { canonicalJson } from '../canonical-json.ts';
import type { PreparedCall } from './prepare-call.ts';

/** Times that a call may be made in a row; results do not change by asking again. */
const MAX_IN_A_ROW = 2;

/** Counts how often the same call (name and arguments) has come in a row. */
export function createRepetitionGuard() {
  let last = '';
  let count = 0;
  return {
    /** Whether this call is one too many. */
    isTooMany({ name, arguments: args }: PreparedCall): boolean {
      const key = canonicalJson([name, args]);
      count = key === last ? count + 1 : 1;
      last = key;
      return count > MAX_IN_A_ROW;
    },
    /** Whether it went on after it had been told. */
    get isStuck() {
      return count > MAX_IN_A_ROW + 1;
    },
  };
}
