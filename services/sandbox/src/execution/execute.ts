import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  EXECUTE_CODE_TOOL,
  type ExecuteArguments,
  type ExecutionResult,
  LIMITS,
} from '@toolmesh/shared/contracts/execution';
import { defineTool, type ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import type { Engine } from './engine.ts';
import type { Packages } from '../packages/packages.ts';
import { collectFiles, INLINE_BYTES } from './collected-files.ts';
import type { FileStore } from '../files/file-store.ts';
import { findLayer } from './find-layer.ts';
import { filesToSend } from './given-files.ts';
import type { Sessions } from './sessions.ts';
import { toExecutionResult } from './execution-result.ts';
import { ARTIFACT_LIMITS, type WorkerProgram } from '../workers/protocol.ts';
import { type Budget, refuseTooLarge } from '../workers/budget.ts';
import type { OutputListener, WorkerProcess } from '../workers/worker-process.ts';

/**
 * Runs one program, in a worker of its own or in that of its session. Never rejects for what the program does: see
 * `status`.
 * @throws MeshError unavailable when the sandbox is full, invalid_arguments for packages that are refused and for more
 * memory than there is.
 */
export type Execute = (
  program: ExecuteArguments,
  signal: AbortSignal,
  onOutput?: OutputListener,
) => Promise<ExecutionResult>;

export interface ExecuteParts {
  readonly engines: readonly Engine[];
  readonly sessions: Sessions;
  readonly budget: Budget;
  readonly files: FileStore;
  readonly packages: Pick<Packages, 'layerFor' | 'layerForImports' | 'hold'>;
}

const MIB = 1_024 ** 2;

export function createExecute({ engines, sessions, budget, files, packages }: ExecuteParts): Execute {
  return async (program, signal, onOutput) => {
    const engine = engines.find(({ runtime }) => runtime.languages.includes(program.language));
    if (engine === undefined) throw new MeshError('unavailable', `There is no runtime for ${program.language}`);
    refuseTooLarge(program.memory_mb, budget);
    const layer = await findLayer(packages, program, signal);
    const pool = engine.poolFor(program, layer?.directory);
    const limits = { timeoutMs: program.timeout_ms, outputBytes: LIMITS.outputBytes };
    const given = filesToSend(program.files ?? [], files);
    const task = async (worker: WorkerProcess) => {
      const collected = collectFiles({ files, session: program.session_id, inlineBytes: INLINE_BYTES });
      const { sink } = collected;
      const run = await worker.run(toWorkerProgram(program), { ...limits, signal, onOutput, files: given, sink });
      const { isolation, unjailed } = engine.runtime;
      const { language } = program;
      const runtime = { language, version: worker.version, isolation, jailed: unjailed === undefined };
      return toExecutionResult(run, program, { runtime, packages: [...(layer?.packages ?? [])], collected });
    };
    const bytes = program.memory_mb * MIB;
    const { directory } = layer ?? {};
    const hold = () => (directory === undefined ? () => {} : packages.hold(directory));
    if (program.session_id === undefined) {
      const release = hold();
      return pool.withWorker(bytes, task, signal).finally(release);
    }
    const needs = {
      id: program.session_id,
      runtime: engine.runtime.name,
      packages: directory,
      bytes,
      demandsPackages: program.packages !== undefined,
      // A session imports from its layer as long as its worker lives.
      start: async (starting: AbortSignal) => {
        const release = hold();
        try {
          const worker = await pool.take(starting);
          void worker.gone.then(release, release);
          return worker;
        } catch (error) {
          release();
          throw error;
        }
      },
    };
    return sessions.withWorker(needs, task, signal);
  };
}

/** The use case as a tool. */
export const executeTool = (execute: Execute): ToolDefinition =>
  defineTool({
    ...EXECUTE_CODE_TOOL,
    run: (program, { signal, wantsProgress, chunk }) => execute(program, signal, wantsProgress ? chunk : undefined),
  });

function toWorkerProgram({ language, code, stdin = '', memory_mb, session_id }: ExecuteArguments): WorkerProgram {
  return {
    language,
    code,
    stdin: Buffer.from(stdin).toString('base64'),
    memory_bytes: memory_mb * MIB,
    keep: session_id !== undefined,
    artifact_limits: ARTIFACT_LIMITS,
  };
}
