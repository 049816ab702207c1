import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { Budget } from '../workers/budget.ts';

/** Shows what the budget of programs and memory is, and who has it (contract, section 7). */
export function measureBudget(budget: Budget, metrics: Metrics): void {
  metrics.gauge({
    name: 'sandbox_programs',
    help: 'Programs that run, or wait for a place or memory, over all languages and sessions',
    labelNames: ['state'],
    collect() {
      const { running, waiting } = budget.stats();
      this.set({ state: 'running' }, running);
      this.set({ state: 'waiting' }, waiting);
    },
  });
  metrics.gauge({ name: 'sandbox_programs_max', help: 'Programs that may run at once' }).set(budget.maxPrograms);
  metrics.gauge({
    name: 'sandbox_memory_reserved_bytes',
    help: 'Memory that running programs may use (programs), and that sessions at rest have (sessions), in bytes',
    labelNames: ['holder'],
    collect() {
      const { programBytes, sessionBytes } = budget.stats();
      this.set({ holder: 'programs' }, programBytes);
      this.set({ holder: 'sessions' }, sessionBytes);
    },
  });
  metrics
    .gauge({ name: 'sandbox_memory_budget_bytes', help: 'Memory for running programs and sessions together, in bytes' })
    .set(budget.maxBytes);
}

/** Counts sessions that make room for programs (contract, section 7). */
export function countEvictions(metrics: Metrics): () => void {
  const evictions = metrics.counter({
    name: 'sandbox_sessions_evicted_total',
    help: 'Sessions at rest that were ended early because their memory was needed',
  });
  return () => evictions.inc();
}
