import type { ProgramToolCall } from '@toolmesh/shared/contracts/execution';
import type { Logger } from '@toolmesh/shared/kit/telemetry/logger';
import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';

/** Returns what counts and logs the tool calls of programs; the hub counts them by tool. */
export function countToolCalls(metrics: Metrics, logger: Logger): (call: ProgramToolCall) => void {
  const calls = metrics.counter({
    name: 'sandbox_tool_calls_total',
    help: 'Tool calls of programs: success, error, refused (it did not run), cancelled (the program ended first)',
    labelNames: ['status'],
  });
  const seconds = metrics.histogram({
    name: 'sandbox_tool_call_seconds',
    help: 'Time of the tool calls of programs, in seconds',
  });
  return ({ name, status, duration_ms }) => {
    calls.inc({ status });
    seconds.observe(duration_ms / 1_000);
    logger.debug({ tool: name, status, durationMs: duration_ms }, 'a program called a tool');
  };
}
