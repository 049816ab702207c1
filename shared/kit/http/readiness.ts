import { withDeadline } from '../faults/deadline.ts';
import { MeshError } from '../faults/errors.ts';

/**
 * A note on something that works: a detail, or what it lacks where it works less well than it should. `/ready` shows it
 * and stays 200.
 */
export type CheckNote = { readonly detail: string } | { readonly degraded: string };

/** Resolves when the thing it looks at works; rejects with what is wrong. Each has {@link CHECK_TIMEOUT_MS}. */
export type Check = (signal: AbortSignal) => Promise<CheckNote | void> | CheckNote | void;
export type Checks = Readonly<Record<string, Check>>;

export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly checks: Record<string, CheckOutcome>;
}

type CheckOutcome = { readonly status: 'ok' } | { readonly status: 'degraded' | 'failed'; readonly detail: string };

const CHECK_TIMEOUT_MS = 2_000;

/** Returns what strangers may know: which checks failed, and not why. Reasons may hold paths, commands and addresses. */
export function withoutDetails({ status, checks }: Readiness): Readiness {
  const shown = Object.entries(checks).map(([name, outcome]): [string, CheckOutcome] => [
    name,
    outcome.status === 'ok' ? outcome : { status: outcome.status, detail: 'ask again with the key to see why' },
  ]);
  return { status, checks: Object.fromEntries(shown) };
}

/** Runs all checks at once; a check that hangs is a failed one. */
export async function readinessOf(checks: Checks): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcomeOf(check)] as const),
  );
  const failed = results.some(([, { status }]) => status === 'failed');
  return { status: failed ? 'not_ready' : 'ready', checks: Object.fromEntries(results) };
}

const tooLate = () => new MeshError('upstream_timeout', `no answer within ${CHECK_TIMEOUT_MS} ms`);

async function outcomeOf(check: Check): Promise<CheckOutcome> {
  try {
    const result = await withDeadline({ ms: CHECK_TIMEOUT_MS, late: tooLate }, check);
    if (result === undefined) return { status: 'ok' };
    return 'degraded' in result ? { status: 'degraded', detail: result.degraded } : { status: 'ok', ...result };
  } catch (error) {
    return { status: 'failed', detail: error instanceof MeshError ? error.message : 'the check itself failed' };
  }
}
