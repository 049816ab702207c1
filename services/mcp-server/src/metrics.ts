import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { Upstream } from './upstreams/upstream.ts';

export type HubMetrics = ReturnType<typeof createHubMetrics>;

/** The state that is read when the metrics are. */
export interface HubFigures {
  readonly upstreams: () => readonly Upstream[];
  /** Returns how many names an upstream offers in vain. */
  readonly leftOut: (upstream: string) => number;
}

/** Makes the hub's metrics (contract, section 7). Tool names are those of the catalogue, so their number is bounded. */
export function createHubMetrics(metrics: Metrics, { upstreams, leftOut }: HubFigures) {
  const executions = metrics.counter({
    name: 'mcp_tool_executions_total',
    help: 'Tool calls: success, error (it ran and failed), failed (it did not run)',
    labelNames: ['tool_name', 'status'],
  });
  const seconds = metrics.histogram({
    name: 'mcp_tool_execution_seconds',
    help: 'Time of a tool call as the hub saw it, in seconds',
    labelNames: ['tool_name'],
  });
  declareUpstreamMetrics(metrics, upstreams);
  metrics.gauge({
    name: 'mcp_names_left_out',
    help: 'Tools, prompts, resources and templates of an upstream that are left out, as a rule since they belong to another',
    labelNames: ['upstream'],
    collect() {
      this.reset();
      for (const { name } of upstreams()) this.set({ upstream: name }, leftOut(name));
    },
  });
  declareWorkerMetrics(metrics, upstreams);
  const relaxed = metrics.counter({
    name: 'mcp_tools_relaxed_total',
    help: 'Times that a tool called itself less dangerous than before: read-only, or no longer destructive',
    labelNames: ['upstream'],
  });
  return {
    /** Counts a tool whose annotations became less careful. */
    toolRelaxed: (upstream: string): void => relaxed.inc({ upstream }),
    /** Starts the timer of a call; the returned function stops it. */
    startCall(tool_name: string) {
      const stop = seconds.startTimer({ tool_name });
      return (status: 'success' | 'error' | 'failed'): void => {
        stop();
        executions.inc({ tool_name, status });
      };
    },
  };
}

function declareUpstreamMetrics(metrics: Metrics, upstreams: () => readonly Upstream[]): void {
  metrics.gauge({
    name: 'mcp_upstream_up',
    help: '1 while an upstream answers, else 0',
    labelNames: ['upstream'],
    collect() {
      this.reset();
      for (const { name, status } of upstreams()) this.set({ upstream: name }, status === 'up' ? 1 : 0);
    },
  });
  metrics.gauge({
    name: 'mcp_upstream_breaker_open',
    help: '1 while calls to an upstream are held back, else 0',
    labelNames: ['upstream'],
    collect() {
      this.reset();
      for (const { name, breaker } of upstreams()) this.set({ upstream: name }, breaker === 'closed' ? 0 : 1);
    },
  });
}

function declareWorkerMetrics(metrics: Metrics, upstreams: () => readonly Upstream[]): void {
  const pools = () =>
    upstreams().flatMap(({ name, workers }) => (workers === undefined ? [] : [{ upstream: name, stats: workers() }]));
  metrics.gauge({
    name: 'mcp_workers',
    help: 'Processes of an upstream that is started by a command: busy, idle, or of a session',
    labelNames: ['upstream', 'state'],
    collect() {
      this.reset();
      for (const { upstream, stats } of pools()) {
        this.set({ upstream, state: 'busy' }, stats.busy);
        this.set({ upstream, state: 'idle' }, stats.idle);
        this.set({ upstream, state: 'session' }, stats.sessions);
      }
    },
  });
  metrics.counter({
    name: 'mcp_session_workers_given_up_total',
    help: 'Processes of sessions that were ended, with what they kept, because another session needed one',
    labelNames: ['upstream'],
    collect() {
      this.reset();
      for (const { upstream, stats } of pools()) this.inc({ upstream }, stats.sessions_given_up);
    },
  });
  metrics.counter({
    name: 'mcp_worker_restarts_total',
    help: 'Processes of an upstream that crashed, hung or did not start, and were replaced',
    labelNames: ['upstream'],
    collect() {
      this.reset();
      for (const { upstream, stats } of pools()) this.inc({ upstream }, stats.restarts);
    },
  });
}
