import { isDeepStrictEqual } from 'node:util';
import type { PreparedCall } from './prepare-call.ts';

/** Times that a call may be made in a row: the result does not change by asking again. */
const MAX_IN_A_ROW = 2;

/** Notices a model that makes the same call (name and arguments) again and again. */
export interface RepetitionGuard {
  /** Counts a call and returns whether it is one too many. */
  isTooMany(call: PreparedCall): boolean;
  /** True when the model repeats itself after the warning. */
  readonly isStuck: boolean;
}

export function createRepetitionGuard(): RepetitionGuard {
  let last: readonly unknown[] = [];
  let count = 0;
  return {
    isTooMany({ name, arguments: args }) {
      const made = [name, args];
      count = isDeepStrictEqual(made, last) ? count + 1 : 1;
      last = made;
      return count > MAX_IN_A_ROW;
    },
    get isStuck() {
      return count > MAX_IN_A_ROW + 1;
    },
  };
}
