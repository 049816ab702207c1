import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  type ExecuteArguments,
  type ExecutionResult,
  type Language,
  LIMITS,
} from '@toolmesh/shared/contracts/execution';
import { contentType } from 'mime-types';
import type { Engine } from './engine.ts';
import type { Packages } from '../packages/packages.ts';
import type { Sessions } from './sessions.ts';
import { capText } from '../workers/output-buffer.ts';
import { ARTIFACT_LIMITS, type WorkerProgram } from '../workers/protocol.ts';
import type { Ending, OutputListener, Run, WorkerProcess } from '../workers/worker-process.ts';

/**
 * Runs one program, in a worker of its own or in that of its session. Never rejects for what the program does: see
 * `status`.
 * @throws MeshError unavailable when the sandbox is full, invalid_arguments for packages that are refused.
 */
export type Execute = (
  program: ExecuteArguments,
  signal: AbortSignal,
  onOutput?: OutputListener,
) => Promise<ExecutionResult>;

export interface ExecuteParts {
  readonly engines: readonly Engine[];
  readonly sessions: Sessions;
  readonly packages: Pick<Packages, 'layerFor' | 'layerForImports'>;
}

const MIB = 1_024 ** 2;
/** How long the packages of a program may take to be installed. */
const PACKAGES_TIMEOUT_MS = 110_000;

export function createExecute({ engines, sessions, packages }: ExecuteParts): Execute {
  const findLayer = ({ language, packages: specs = [], code }: ExecuteArguments, signal: AbortSignal) => {
    const ecosystem = language === 'python' ? 'pypi' : 'npm';
    const late = AbortSignal.timeout(PACKAGES_TIMEOUT_MS);
    if (specs.length === 0) return packages.layerForImports(ecosystem, code, AbortSignal.any([signal, late]));
    return packages.layerFor(ecosystem, specs, AbortSignal.any([signal, late]));
  };

  return async (program, signal, onOutput) => {
    const engine = engines.find(({ runtime }) => runtime.languages.includes(program.language));
    if (engine === undefined) throw new MeshError('unavailable', `There is no runtime for ${program.language}`);
    const layer = await findLayer(program, signal);
    const pool = engine.poolFor(program.code, layer?.directory);
    const limits = { timeoutMs: program.timeout_ms, outputBytes: LIMITS.outputBytes };
    const task = async (worker: WorkerProcess) => {
      const run = await worker.run(toWorkerProgram(program), limits, signal, onOutput);
      const { isolation } = engine.runtime;
      const runtime = { language: program.language, version: worker.version, isolation };
      return { ...toResult(run, program, runtime), packages: [...(layer?.packages ?? [])] };
    };
    if (program.session_id === undefined) return pool.withWorker(task, signal);
    const needs = {
      runtime: engine.runtime.name,
      packages: layer?.directory,
      demandsPackages: program.packages !== undefined,
      start: pool.take,
    };
    return sessions.withWorker(program.session_id, needs, task, signal);
  };
}

/** The engine's languages, for logs and probes: `{python: 'wasm', javascript: 'isolate', ...}`. */
export function isolations(engines: readonly Engine[]): Partial<Record<Language, string>> {
  return Object.fromEntries(
    engines.flatMap(({ runtime }) => runtime.languages.map((language) => [language, runtime.isolation])),
  );
}

function toWorkerProgram({
  language,
  code,
  stdin = '',
  files = [],
  memory_mb,
  session_id,
}: ExecuteArguments): WorkerProgram {
  return {
    language,
    code,
    stdin: Buffer.from(stdin).toString('base64'),
    files: files.map(({ path, content, encoding }) => ({
      path,
      data: encoding === 'base64' ? content : Buffer.from(content).toString('base64'),
    })),
    memory_bytes: memory_mb * MIB,
    keep: session_id !== undefined,
    artifact_limits: ARTIFACT_LIMITS,
  };
}

function toResult(run: Run, program: ExecuteArguments, runtime: ExecutionResult['runtime']) {
  const { stdout, stderr } = run;
  const { artifacts, artifactsTruncated, ...end } = describeEnding(run.ending, program);
  return {
    ...end,
    stdout: stdout.text,
    stderr: stderr.text,
    artifacts,
    truncated: { stdout: stdout.truncated, stderr: stderr.truncated, artifacts: artifactsTruncated },
    duration_ms: roundMs(run.durationMs),
    cpu_ms: roundMs(run.cpuMs),
    peak_memory_bytes: Math.round(run.peakMemoryBytes),
    runtime,
  };
}

/** What an ending means to the caller: its status, and the fields that depend on it. */
function describeEnding(ending: Ending, { timeout_ms, memory_mb, session_id }: ExecuteArguments) {
  // What a program did not survive, its session does not either.
  const andSession = session_id === undefined ? '' : '; its session has ended with it';
  const stopped = (status: ExecutionResult['status'], signal: string | null, type: string, message: string) => ({
    status,
    exit_code: null,
    signal,
    result: null,
    error: { type, message, traceback: '' },
    artifacts: [],
    artifactsTruncated: false,
  });
  if (ending.kind === 'timeout') {
    return stopped('timeout', 'SIGKILL', 'Timeout', `The program was stopped after ${timeout_ms} ms${andSession}`);
  }
  if (ending.kind === 'out_of_memory') {
    return stopped(
      'out_of_memory',
      'SIGKILL',
      'OutOfMemory',
      `The program used more than its ${memory_mb} MiB${andSession}`,
    );
  }
  if (ending.kind === 'crash') {
    const how = ending.signal ?? `exit code ${ending.exitCode}`;
    return stopped('killed', ending.signal, 'Crash', `The program brought its interpreter down (${how})${andSession}`);
  }
  const { result, error, exit_code, signal, out_of_memory, artifacts, artifacts_truncated, over } = ending.report;
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
