import { type ExecuteArguments, type ExecutionResult, LIMITS } from '@toolmesh/shared/contracts/execution';
import { contentType } from 'mime-types';
import { capText } from '../workers/output-buffer.ts';
import type { Report } from '../workers/protocol.ts';
import type { Ending, Run } from '../workers/worker-process.ts';

/** Translates a run into the result that callers see. */
export function toExecutionResult(
  run: Run,
  program: ExecuteArguments,
  context: Pick<ExecutionResult, 'runtime' | 'packages'>,
): ExecutionResult {
  const { stdout, stderr } = run;
  const { artifactsTruncated, ...end } = describeEnding(run.ending, program);
  return {
    ...end,
    stdout: stdout.text,
    stderr: stderr.text,
    truncated: { stdout: stdout.truncated, stderr: stderr.truncated, artifacts: artifactsTruncated },
    duration_ms: roundMs(run.durationMs),
    cpu_ms: roundMs(run.cpuMs),
    peak_memory_bytes: Math.round(run.peakMemoryBytes),
    ...context,
  };
}

/** Returns the status of an ending, and the fields that depend on it. */
function describeEnding(ending: Ending, { timeout_ms, memory_mb, session_id }: ExecuteArguments) {
  // The session of a program that was stopped ends with it.
  const andSession = session_id === undefined ? '' : '; its session has ended with it';
  switch (ending.kind) {
    case 'timeout': {
      const message = `The program was stopped after ${timeout_ms} ms${andSession}`;
      return stopped('timeout', 'SIGKILL', { type: 'Timeout', message });
    }
    case 'out_of_memory': {
      const message = `The program used more than its ${memory_mb} MiB${andSession}`;
      return stopped('out_of_memory', 'SIGKILL', { type: 'OutOfMemory', message });
    }
    case 'crash': {
      const how = ending.signal ?? `exit code ${ending.exitCode}`;
      const message = `The program crashed its interpreter (${how})${andSession}`;
      return stopped('killed', ending.signal, { type: 'Crash', message });
    }
    case 'report':
      return reported(ending.report, andSession);
  }
}

/** An ending without a report. */
const stopped = (
  status: ExecutionResult['status'],
  signal: string | null,
  error: { readonly type: string; readonly message: string },
) => ({
  status,
  exit_code: null,
  signal,
  result: null,
  error: { ...error, traceback: '' },
  artifacts: [],
  artifactsTruncated: false,
});

function reported(report: Report, andSession: string) {
  const { result, error, exit_code, signal, out_of_memory, artifacts, artifacts_truncated, over } = report;
  const failed = error !== null || exit_code !== 0;
  return {
    status: statusOf(out_of_memory, signal, failed),
    exit_code,
    signal,
    result: result === null ? null : capText(result, LIMITS.outputBytes).text,
    error: error === null || over !== true ? error : { ...error, message: `${error.message}${andSession}` },
    artifacts: artifacts.map(toArtifact),
    artifactsTruncated: artifacts_truncated,
  };
}

function statusOf(outOfMemory: boolean, signal: string | null, failed: boolean): ExecutionResult['status'] {
  if (outOfMemory) return 'out_of_memory';
  if (signal !== null) return 'killed';
  return failed ? 'error' : 'success';
}

function toArtifact({ path, data }: { path: string; data: string }): ExecutionResult['artifacts'][number] {
  const type = contentType(path.slice(path.lastIndexOf('/') + 1));
  return {
    path,
    mime_type: type === false ? 'application/octet-stream' : (type.split(';')[0] ?? type),
    size_bytes: Buffer.byteLength(data, 'base64'),
    data,
  };
}

const roundMs = (ms: number): number => Math.round(ms * 1_000) / 1_000;
