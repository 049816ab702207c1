import type { Metrics } from '@toolmesh/shared/kit/telemetry/metrics';
import type { Engine } from '../execution/engine.ts';
import type { Execute } from '../execution/execute.ts';
import { traceExecution } from './tracing.ts';

/** Bytes, from 1 MiB to the 2 GiB that a program may ask for. */
const MEMORY_BUCKETS = [1, 4, 16, 64, 128, 256, 512, 1_024, 2_048].map((mib) => mib * 1_024 ** 2);

/** Counts what `execute` does and shows the pools (contract, section 7). */
export function measureExecutions(execute: Execute, engines: readonly Engine[], metrics: Metrics): Execute {
  const executions = metrics.counter({
    name: 'sandbox_executions_total',
    help: 'Programs that were run, by status',
    labelNames: ['language', 'status'],
  });
  const seconds = metrics.histogram({
    name: 'sandbox_execution_duration_seconds',
    help: 'Time that programs ran, without the wait for a worker, in seconds',
    labelNames: ['language'],
  });
  const peak = metrics.histogram({
    name: 'sandbox_execution_peak_memory_bytes',
    help: 'The most memory that a program had, above that of an idle worker, in bytes',
    labelNames: ['language'],
    buckets: MEMORY_BUCKETS,
  });
  const truncated = metrics.counter({
    name: 'sandbox_output_truncated_total',
    help: 'Runs whose output or files were more than a result holds',
  });
  metrics.gauge({
    name: 'sandbox_workers',
    help: 'Workers by state: idle (warm), busy, starting',
    labelNames: ['language', 'state'],
    collect() {
      for (const { runtime, stats } of engines) {
        const { idle, busy, starting } = stats();
        const language = runtime.languages[0] ?? runtime.name;
        for (const [state, count] of Object.entries({ idle, busy, starting })) this.set({ language, state }, count);
      }
    },
  });

  return async (program, signal, listeners) => {
    const result = await traceExecution(program.language, () => execute(program, signal, listeners));
    executions.inc({ language: program.language, status: result.status });
    seconds.observe({ language: program.language }, result.duration_ms / 1_000);
    peak.observe({ language: program.language }, result.peak_memory_bytes);
    if (Object.values(result.truncated).some(Boolean)) truncated.inc();
    return result;
  };
}
