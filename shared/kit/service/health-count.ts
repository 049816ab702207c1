/** The record of a process's answers since it was started. */
export interface HealthCount {
  readonly pid: number | undefined;
  readonly hasAnswered: boolean;
  /** Checks in a row without an answer. */
  readonly failures: number;
}

export const UNCHECKED: HealthCount = { pid: undefined, hasAnswered: false, failures: 0 };

/** Time between two checks, here and in docker-compose.yml. */
export const CHECK_INTERVAL_MS = 5_000;
/** About 30 s. */
const MAX_FAILURES = 6;
/** A process that is starting may be busy for longer: two minutes. */
const MAX_START_FAILURES = 24;

/** Returns the count after one more check of the process `pid`, and whether that process hangs and has to end. */
export function afterCheck(
  before: HealthCount,
  { pid, isAnswering }: { readonly pid: number | undefined; readonly isAnswering: boolean },
): HealthCount & { readonly isHung: boolean } {
  const known = before.pid === pid ? before : { ...UNCHECKED, pid };
  const hasAnswered = known.hasAnswered || isAnswering;
  const failures = isAnswering ? 0 : known.failures + 1;
  const isHung = pid !== undefined && failures >= (hasAnswered ? MAX_FAILURES : MAX_START_FAILURES);
  return { pid, hasAnswered, failures: isHung ? 0 : failures, isHung };
}
