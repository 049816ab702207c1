import { type ExecuteArguments, type ExecutionResult, LIMITS } from '@toolmesh/shared/contracts/execution';
import type { CollectedFiles } from './collected-files.ts';
import { withHint } from './error-hints.ts';
import { capText } from '../workers/output-buffer.ts';
import type { Report } from '../workers/protocol.ts';
import type { Ending, Run } from '../workers/worker-process.ts';

/** The parts of a result that do not come from the run. */
export interface ResultContext extends Pick<ExecutionResult, 'runtime' | 'packages' | 'session'> {
  readonly collected: Pick<CollectedFiles, 'artifacts' | 'isTruncated'>;
}

/** Returns what a call has found of its session, or left of it. */
export function fateOf(
  ending: Ending,
  { isNew, hadFiles }: { readonly isNew: boolean; readonly hadFiles: boolean },
): ExecutionResult['session'] {
  if (ending.kind !== 'report' || ending.report.over === true) return 'ended';
  if (ending.report.restarted === true) return 'restarted';
  if (!isNew) return 'continued';
  return hadFiles ? 'restored' : 'new';
}

/** Translates a run into the result that callers see. */
export function toExecutionResult(
  run: Run,
  program: ExecuteArguments,
  { collected, ...context }: ResultContext,
): ExecutionResult {
  const { stdout, stderr, shown, ending } = run;
  const hasMore = ending.kind === 'report' && ending.report.artifacts_truncated;
  return {
    ...describeEnding(ending, program),
    stdout: stdout.text,
    stderr: stderr.text,
    artifacts: [...collected.artifacts()],
    display_data: [...shown.displays],
    truncated: {
      stdout: stdout.truncated,
      stderr: stderr.truncated,
      artifacts: hasMore || collected.isTruncated(),
      display_data: shown.truncated,
    },
    duration_ms: roundMs(run.durationMs),
    cpu_ms: roundMs(run.cpuMs),
    peak_memory_bytes: Math.round(run.peakMemoryBytes),
    ...context,
  };
}

/** Returns the status of an ending, and the fields that depend on it. */
function describeEnding(ending: Ending, program: ExecuteArguments) {
  const andSession = program.session_id === undefined ? '' : fateOfSession(ending);
  const andRest = `${andWaiting(ending)}${andSession}`;
  switch (ending.kind) {
    case 'timeout':
    case 'out_of_memory':
      return stopped(ending.kind, 'SIGKILL', { ...whyStopped(ending.kind, program, andRest), traceback: '' });
    case 'crash': {
      const how = ending.signal ?? `exit code ${ending.exitCode}`;
      const message = `The program crashed its interpreter (${how})${andSession}`;
      return stopped('killed', ending.signal, { type: 'Crash', message, traceback: '' });
    }
    case 'report':
      if (ending.stopped === undefined)
        return reported(withMemory(ending.report, program.memory_mb), program, andSession);
      return interrupted(ending.stopped, ending.report, whyStopped(ending.stopped, program, andRest));
  }
}

/** Says for how long a program that was stopped for its time had no processor, where that is worth saying. */
function andWaiting(ending: Ending): string {
  const waitedMs = 'waitedMs' in ending ? Math.round(ending.waitedMs ?? 0) : 0;
  return waitedMs < LEAST_SAID_MS ? '' : `, and another ${waitedMs} ms in which no processor was free for it`;
}
const LEAST_SAID_MS = 50;

/** The ending of a program that was interrupted, and could still report. */
function interrupted(reason: 'timeout' | 'out_of_memory', { error, over, restarted }: Report, why: Why) {
  const goesOn = over !== true && restarted !== true;
  return stopped(reason, goesOn ? 'SIGINT' : 'SIGKILL', { ...why, traceback: error?.traceback ?? '' });
}

type Why = ReturnType<typeof whyStopped>;

/** Says what has become of the session of a program that was stopped, or that ended its process. */
function fateOfSession(ending: Ending): string {
  if (ending.kind !== 'report' || ending.report.over === true) return '; its session has ended with it';
  if (ending.report.restarted === true) return '; its session goes on with its files, but its variables are gone';
  return ending.stopped === undefined ? '' : '; its session goes on, with its variables';
}

function whyStopped(reason: 'timeout' | 'out_of_memory', program: ExecuteArguments, andRest: string) {
  const { timeout_ms, memory_mb } = program;
  return reason === 'timeout'
    ? { type: 'Timeout', message: `The program was stopped after ${timeout_ms} ms${andRest}` }
    : { type: 'OutOfMemory', message: `The program used more than its ${memory_mb} MiB${andRest}` };
}

/** An ending that was not the program's own. */
const stopped = (
  status: ExecutionResult['status'],
  signal: string | null,
  error: { readonly type: string; readonly message: string; readonly traceback: string },
) => ({ status, exit_code: null, signal, result: null, error });

/** An engine that has no memory left ends its process by a signal: that is no error of its own. */
function withMemory(report: Report, memoryMb: number): Report {
  if (!report.out_of_memory || report.signal === null || report.error?.type === 'OutOfMemory') return report;
  const message = `The program used more than its ${memoryMb} MiB`;
  return { ...report, error: { type: 'OutOfMemory', message, traceback: '' } };
}

function reported(report: Report, program: ExecuteArguments, andSession: string) {
  const { result, exit_code, signal, out_of_memory } = report;
  const error = withHint(report.error, program);
  const failed = error !== null || exit_code !== 0;
  return {
    status: statusOf(out_of_memory, signal, failed),
    exit_code,
    signal,
    result: result === null ? null : capText(result, LIMITS.outputBytes).text,
    error: error === null ? error : { ...error, message: `${error.message}${andSession}` },
  };
}

function statusOf(outOfMemory: boolean, signal: string | null, failed: boolean): ExecutionResult['status'] {
  if (outOfMemory) return 'out_of_memory';
  if (signal !== null) return 'killed';
  return failed ? 'error' : 'success';
}

const roundMs = (ms: number): number => Math.round(ms * 1_000) / 1_000;
