import type { ExecutionResult } from '@toolmesh/shared/contracts/execution';
import { withSpan } from '@toolmesh/shared/kit/telemetry/tracing';

/** Runs one program in a span of its own, which records its outcome and nothing of its content. */
export function traceExecution(language: string, run: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
  const attributes = { 'toolmesh.sandbox.language': language };
  return withSpan({ name: `run ${language}`, kind: 'internal', attributes }, async (span) => {
    const result = await run();
    span.set({
      'toolmesh.sandbox.isolation': result.runtime.isolation,
      'toolmesh.sandbox.jailed': result.runtime.jailed,
      'toolmesh.sandbox.status': result.status,
      'toolmesh.sandbox.duration_ms': result.duration_ms,
      'toolmesh.sandbox.cpu_ms': result.cpu_ms,
      'toolmesh.sandbox.peak_memory_bytes': result.peak_memory_bytes,
    });
    if (result.status !== 'success') span.fail(result.status);
    return result;
  });
}
