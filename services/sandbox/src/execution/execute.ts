import { MeshError } from '@toolmesh/shared/kit/faults/errors';
import {
  EXECUTE_CODE_TOOL,
  type ExecuteArguments,
  type ExecutionResult,
  type Language,
  LIMITS,
} from '@toolmesh/shared/contracts/execution';
import { defineTool, type ToolDefinition } from '@toolmesh/shared/kit/tools/tool';
import type { Engine } from './engine.ts';
import type { Packages } from '../packages/packages.ts';
import { collectFiles, INLINE_BYTES } from './collected-files.ts';
import type { FileStore } from '../files/file-store.ts';
import { findLayer } from './find-layer.ts';
import { packagesOf, showPackages } from './session-packages.ts';
import { filesToSend } from './given-files.ts';
import type { PackageLayer } from '../packages/package-layer.ts';
import type { SessionState, Sessions } from './sessions.ts';
import type { WorkspaceStore } from '../workspaces/workspace-store.ts';
import { fateOf, toExecutionResult } from './execution-result.ts';
import { ARTIFACT_LIMITS, type WorkerProgram } from '../workers/protocol.ts';
import { type Budget, refuseTooLarge } from '../workers/budget.ts';
import type { FileToSend } from '../workers/file-frames.ts';
import type { CallListener, OutputListener, Run, WorkerProcess } from '../workers/worker-process.ts';

/**
 * Runs one program, in a worker of its own or in that of its session. Never rejects for what the program does: see
 * `status`.
 * @throws MeshError unavailable when the sandbox is full, invalid_arguments for packages that are refused and for more
 * memory than there is.
 */
export type Execute = (
  program: ExecuteArguments,
  signal: AbortSignal,
  listeners?: RunListeners,
) => Promise<ExecutionResult>;

/** Receives what happens while a program runs. */
export interface RunListeners {
  readonly output?: OutputListener | undefined;
  /** Takes what the program says to tools. */
  readonly call?: CallListener | undefined;
}

export interface ExecuteParts {
  readonly engines: readonly Engine[];
  /** The reason why a language has no engine, and the cure. */
  readonly lacking: ReadonlyMap<Language, string>;
  readonly sessions: Sessions;
  readonly budget: Budget;
  readonly files: FileStore;
  readonly workspaces: WorkspaceStore;
  readonly packages: Pick<Packages, 'layerFor' | 'layerForImports' | 'hold'>;
}

const MIB = 1_024 ** 2;

export function createExecute(parts: ExecuteParts): Execute {
  const { engines, lacking, sessions, budget, files, workspaces, packages } = parts;
  const lacks = (language: Language): MeshError => {
    const here = engines.flatMap(({ runtime }) => runtime.languages).join(', ');
    const why = lacking.get(language) ?? 'it cannot be run';
    return new MeshError('unavailable', `language: ${language} is not here: ${why}. Here are: ${here}`);
  };
  return async (program, signal, { output, call } = {}) => {
    const engine = engines.find(({ runtime }) => runtime.languages.includes(program.language));
    if (engine === undefined) throw lacks(program.language);
    refuseTooLarge(program.memory_mb, budget);
    await engine.runtime.prepare?.(signal);
    const layer = await findLayer(packages, program, signal);
    const { session_id: session } = program;
    const { pool, isShown } = placeFor(engine, program, layer);
    const given = filesToSend(program.files ?? [], files);
    const kept = { files, workspaces, packages };
    const order = { program, engine, layer, signal, onOutput: output, onCall: call, kept };
    const task = (worker: WorkerProcess, state?: SessionState) => runProgram(worker, { ...order, given, state });
    const bytes = program.memory_mb * MIB;
    const { directory } = layer ?? {};
    const hold = () => (directory === undefined ? () => {} : packages.hold(directory));
    if (session === undefined) {
      const release = hold();
      return pool.withWorker(bytes, (worker) => task(worker), signal).finally(release);
    }
    const needs = {
      id: session,
      runtime: engine.runtime.name,
      packages: isShown ? undefined : directory,
      installed: layer?.packages ?? [],
      bytes,
      demandsPackages: (program.packages ?? []).length > 0,
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

/**
 * Returns the pool for a program. A session's worker gets its packages when it is there, so that more can come; not so
 * versions of its own of what every program has.
 */
function placeFor(engine: Engine, program: ExecuteArguments, layer: PackageLayer | undefined) {
  const isShown = program.session_id !== undefined && engine.canShow(layer);
  return { isShown, pool: engine.poolFor(program, isShown ? undefined : layer?.directory) };
}

/** One program, and all that it runs with. */
interface Order {
  readonly program: ExecuteArguments;
  readonly engine: Engine;
  readonly layer: PackageLayer | undefined;
  readonly signal: AbortSignal;
  readonly onOutput: OutputListener | undefined;
  readonly onCall: CallListener | undefined;
  readonly kept: Pick<ExecuteParts, 'files' | 'workspaces' | 'packages'>;
  readonly given: readonly FileToSend[];
  /** Undefined without a session. */
  readonly state: SessionState | undefined;
}

async function runProgram(worker: WorkerProcess, order: Order): Promise<ExecutionResult> {
  const { program, engine, layer, signal, onOutput, onCall, kept, given, state } = order;
  const { files } = kept;
  const { session_id: session, language } = program;
  const workspace = openWorkspace(kept.workspaces, session, state);
  const collected = collectFiles({ files, session, inlineBytes: INLINE_BYTES, also: workspace?.sink });
  const view = session === undefined ? undefined : worker.view;
  if (view !== undefined && layer !== undefined) {
    await showPackages(kept.packages, { view, layer, program }, signal);
  }
  const run = await worker.run(toWorkerProgram(program), {
    timeoutMs: program.timeout_ms,
    outputBytes: LIMITS.outputBytes,
    signal,
    onOutput,
    onCall,
    files: [...(workspace?.restored ?? []), ...given],
    sink: collected.sink,
  });
  await workspace?.commit(run);
  const { isolation, unjailed } = engine.runtime;
  const runtime = { language, version: worker.version, isolation, jailed: unjailed === undefined };
  const packages = [...packagesOf(view, layer, state?.installed)];
  const fate = workspace === undefined ? {} : { session: workspace.fate(run) };
  return toExecutionResult(run, program, { runtime, packages, collected, ...fate });
}

/** Opens what is kept of a session for one of its programs; undefined without a session. */
function openWorkspace(workspaces: WorkspaceStore, session: string | undefined, state: SessionState | undefined) {
  if (session === undefined || state === undefined) return undefined;
  const { sink, commit } = workspaces.write(session);
  const restored = state.isNew ? workspaces.files(session) : [];
  return {
    sink,
    restored,
    async commit({ ending }: Run): Promise<void> {
      // What a session that somebody has ended had is not wanted any more.
      if (!state.hasEnded()) await commit((ending.kind === 'report' ? ending.report.removed : undefined) ?? []);
    },
    fate: ({ ending }: Run) => fateOf(ending, { isNew: state.isNew, hadFiles: restored.length > 0 }),
  };
}

/** The use case as a tool. */
export const executeTool = (execute: Execute): ToolDefinition =>
  defineTool({
    ...EXECUTE_CODE_TOOL,
    run: (program, { signal, wantsProgress, chunk }) =>
      execute(program, signal, wantsProgress ? { output: chunk } : undefined),
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
