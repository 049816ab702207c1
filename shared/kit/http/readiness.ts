import { withDeadline } from '../faults/deadline.ts';
import { MeshError } from '../faults/errors.ts';

/** Resolves when the thing it looks at works; rejects with what is wrong. Each has {@link CHECK_TIMEOUT_MS}. */
export type Check = (signal: AbortSignal) => Promise<void> | void;
export type Checks = Readonly<Record<string, Check>>;

export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly checks: Record<string, { readonly status: 'ok' } | { readonly status: 'failed'; readonly detail: string }>;
}

const CHECK_TIMEOUT_MS = 2_000;

/** Runs all checks at once; a check that hangs is a failed one. */
export async function readinessOf(checks: Checks): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcomeOf(check)] as const),
  );
  const failed = results.some(([, { status }]) => status === 'failed');
  return { status: failed ? 'not_ready' : 'ready', checks: Object.fromEntries(results) };
}

const tooLate = () => new MeshError('upstream_timeout', `no answer within ${CHECK_TIMEOUT_MS} ms`);

async function outcomeOf(check: Check): Promise<Readiness['checks'][string]> {
  try {
    await withDeadline({ ms: CHECK_TIMEOUT_MS, late: tooLate }, check);
    return { status: 'ok' };
  } catch (error) {
    return { status: 'failed', detail: error instanceof MeshError ? error.message : 'the check itself failed' };
  }
}
